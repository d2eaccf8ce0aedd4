import type { Client } from '@elastic/elasticsearch';
import type { Sequence } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { Delivery, Outcome, Purpose } from '@sluice/sink-kit';
import { itemError, requestError, type ElasticsearchReason } from './elasticsearch-errors.ts';
import { bulkLines, deletionLines, documentId, liveAlias } from './elasticsearch-mapper.ts';
import { CODES } from './errors.ts';
import { documentsWhole } from './whole-answers.ts';

const STALE: Outcome = { kind: 'stale' };
/** Of each item only what decides its outcome; the answer to 5,000 good documents stays small. */
const FILTER_PATH = 'items.*.status,items.*.result,items.*.error.type,items.*.error.reason';

interface BulkAnswer {
  readonly items?: readonly { readonly index?: Item }[];
}

/** Where rows go. */
export interface BulkTarget {
  readonly client: Client;
  readonly index: string;
  /** Sequence of the table's last truncate; '' without one. */
  readonly floor: Sequence;
  readonly purpose: Purpose;
}

/**
 * One bulk request of rows of one table. Written through the alias, and only through it: a missing index is an
 * error instead of an index that the server makes up. A row from before the truncate leaves a deleted document at the
 * truncate's sequence: a process that was stopped before it, and knows nothing of it, may still hold that row. Throws when
 * the request as a whole got no answer.
 */
export async function writeRows(
  target: BulkTarget,
  rows: readonly Delivery[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { client, index, floor, purpose } = target;
  try {
    const at = new Date().toISOString();
    const lines = rows.map((row) => {
      return isBelow(row, floor)
        ? deletionLines(documentId(row.rowKey), floor, at)
        : bulkLines(row, at, purpose);
    });
    const items = await sendBulk(client, index, lines.join(''), signal);
    const outcomes = rows.map((row, position) => {
      const outcome = itemOutcome(items[position], index);
      return outcome.kind === 'applied' && isBelow(row, floor) ? STALE : outcome;
    });
    return await withoutOld(target, rows, outcomes, signal);
  } catch (error) {
    const failure = requestError(error, `bulk into ${index}`);
    if (failure.errorClass === 'retryable' || failure.errorClass === 'fatal') throw failure;
    if (failure.code === CODES.ELASTICSEARCH_DOCUMENT_TOO_LARGE && rows.length > 1) {
      return await writeHalves(target, rows, signal);
    }
    return rows.map(() => ({ kind: 'failed', error: failure }));
  }
}

/** A document is parsed before its version is looked at: one that no longer fits the fields may be an old one that comes again. */
async function withoutOld(
  { client, index }: BulkTarget,
  rows: readonly Delivery[],
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const isRefused = (at: number): boolean => {
    const outcome = outcomes[at];
    return outcome?.kind === 'failed' && outcome.error.errorClass === 'record';
  };
  const ids = rows.filter((_, at) => isRefused(at)).map(({ rowKey }) => documentId(rowKey));
  if (ids.length === 0) return [...outcomes];
  const found = await documentsWhole<OwnPart>(
    client,
    { index: liveAlias(index), ids, _source_includes: ['_sluice.sequence'] },
    { signal },
  );
  const stored = found.map((doc) => doc?._source?._sluice?.sequence ?? '');
  return outcomes.map((outcome, at) => {
    const sequence = isRefused(at) ? (stored.shift() ?? '') : '';
    return sequence >= (rows[at]?.envelope.payload.sequence ?? '~') ? STALE : outcome;
  });
}

interface OwnPart {
  readonly _sluice?: { readonly sequence?: string };
}

function isBelow({ envelope }: Delivery, floor: Sequence): boolean {
  return envelope.payload.sequence < floor;
}

export type Item =
  { readonly status?: number; readonly result?: string; readonly error?: ElasticsearchReason } | undefined;

/** Sends finished NDJSON lines to a table's index; resolves to one item per line pair. */
export async function sendBulk(
  client: Client,
  index: string,
  body: string,
  signal: AbortSignal,
): Promise<Item[]> {
  return await sendLines(client, { name: liveAlias(index), isAlias: true }, body, signal);
}

/** As `sendBulk`, to an index by its own name or by an alias: what is not there is not made. */
export async function sendLines(
  client: Client,
  { name, isAlias }: { readonly name: string; readonly isAlias: boolean },
  body: string,
  signal: AbortSignal,
): Promise<Item[]> {
  const answer = await client.transport.request<BulkAnswer>(
    {
      method: 'POST',
      path: `/${encodeURIComponent(name)}/_bulk`,
      querystring: { require_alias: isAlias, filter_path: FILTER_PATH },
      bulkBody: body,
    },
    { signal },
  );
  return (answer.items ?? []).map((item) => item.index);
}

async function writeHalves(
  target: BulkTarget,
  rows: readonly Delivery[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const middle = rows.length >> 1;
  const left = await writeRows(target, rows.slice(0, middle), signal);
  return left.concat(await writeRows(target, rows.slice(middle), signal));
}

/** Of a document that a pipeline has thrown away: Elasticsearch calls that a success (elastic/elasticsearch#32278). */
const DROPPED = 'noop';

/** 409: the server holds this version or a newer one. A block on the index is not the document's fault: it is thrown. */
function itemOutcome(item: Item, index: string): Outcome {
  const status = item?.status;
  if (status === undefined) {
    throw new PipelineError(CODES.ELASTICSEARCH_UNAVAILABLE, `bulk into ${index}: an item has no answer`);
  }
  if (item?.result === DROPPED) return { kind: 'failed', error: droppedDocument(index) };
  if (status >= 200 && status < 300) return { kind: 'applied' };
  if (status === 409) return STALE;
  const error = itemError(status, item?.error, index);
  if (error.code === CODES.ELASTICSEARCH_UNAVAILABLE || error.errorClass === 'fatal') throw error;
  return { kind: 'failed', error };
}

function droppedDocument(index: string): PipelineError {
  const message = `${index}: an ingest pipeline has dropped the document`;
  return new PipelineError(CODES.ELASTICSEARCH_DOCUMENT_REFUSED, message);
}
