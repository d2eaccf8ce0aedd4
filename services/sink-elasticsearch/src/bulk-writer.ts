import type { Client } from '@elastic/elasticsearch';
import { PipelineError } from '@sluice/runtime';
import type { Delivery, Outcome } from '@sluice/sink-kit';
import { itemError, requestError, type ElasticsearchReason } from './elasticsearch-errors.ts';
import { bulkLines, liveAlias } from './elasticsearch-mapper.ts';

/** Of each item only what decides its outcome; the answer to 5,000 good documents stays small. */
const FILTER_PATH = 'items.*.status,items.*.error.type';

interface BulkAnswer {
  readonly items?: readonly {
    readonly index?: { readonly status?: number; readonly error?: ElasticsearchReason };
  }[];
}

/**
 * One bulk request of rows of one table. Written through the alias, and only through it: a missing index is an
 * error instead of an index that the server makes up. Throws when the request as a whole got no answer.
 */
export async function writeRows(
  client: Client,
  index: string,
  rows: readonly Delivery[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  try {
    const at = new Date().toISOString();
    const items = await sendBulk(client, index, rows.map((row) => bulkLines(row, at)).join(''), signal);
    return rows.map((_, position) => itemOutcome(items[position], index));
  } catch (error) {
    const failure = requestError(error, `bulk into ${index}`);
    if (failure.errorClass === 'retryable' || failure.errorClass === 'fatal') throw failure;
    if (failure.code === 'ELASTICSEARCH_DOCUMENT_TOO_LARGE' && rows.length > 1) {
      return await writeHalves(client, index, rows, signal);
    }
    return rows.map(() => ({ kind: 'failed', error: failure }));
  }
}

type Item = { readonly status?: number; readonly error?: ElasticsearchReason } | undefined;

/** Sends finished NDJSON lines; resolves to one item per line pair. */
export async function sendBulk(
  client: Client,
  index: string,
  body: string,
  signal: AbortSignal,
): Promise<Item[]> {
  const answer = await client.transport.request<BulkAnswer>(
    {
      method: 'POST',
      path: `/${encodeURIComponent(liveAlias(index))}/_bulk`,
      querystring: { require_alias: true, filter_path: FILTER_PATH },
      bulkBody: body,
    },
    { signal },
  );
  return (answer.items ?? []).map((item) => item.index);
}

async function writeHalves(
  client: Client,
  index: string,
  rows: readonly Delivery[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const middle = rows.length >> 1;
  const left = await writeRows(client, index, rows.slice(0, middle), signal);
  return left.concat(await writeRows(client, index, rows.slice(middle), signal));
}

/** 409: the server holds this version or a newer one. A block on the index is not the document's fault: it is thrown. */
function itemOutcome(item: Item, index: string): Outcome {
  const status = item?.status;
  if (status === undefined) {
    throw new PipelineError('ELASTICSEARCH_UNAVAILABLE', `bulk into ${index}: an item has no answer`);
  }
  if (status >= 200 && status < 300) return { kind: 'applied' };
  if (status === 409) return { kind: 'stale' };
  const error = itemError(status, item?.error, index);
  if (error.code === 'ELASTICSEARCH_UNAVAILABLE' || error.errorClass === 'fatal') throw error;
  return { kind: 'failed', error };
}
