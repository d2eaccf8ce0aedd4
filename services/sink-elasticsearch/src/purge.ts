import type { Client, estypes } from '@elastic/elasticsearch';
import { itemError, requestError } from './elasticsearch-errors.ts';
import { refreshWhole, searchWhole } from './whole-answers.ts';

/** Documents removed by one request; `index.max_result_window` allows 10,000. */
const STEP = 2000;

/**
 * Removes the documents that mark rows as deleted before `before`, in bounded steps; resolves to how many. One that is
 * written again meanwhile stays: it is no longer what was found. (By search and bulk: delete-by-query is a module that a
 * server may lack.)
 */
export async function purgeDeleted(
  client: Client,
  index: string,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let purged = 0;
  try {
    for (;;) {
      await refreshWhole(client, { index, ignore_unavailable: true }, { signal });
      const found = await deletedBefore(client, index, before, signal);
      const removed = found.length === 0 ? 0 : await remove(client, index, found, signal);
      purged += removed;
      if (removed === 0) return purged;
    }
  } catch (error) {
    throw requestError(error, `purge of ${index}`);
  }
}

async function deletedBefore(
  client: Client,
  index: string,
  before: Date,
  signal: AbortSignal,
): Promise<readonly estypes.SearchHit[]> {
  const old = { range: { '_sluice.at': { lt: before.toISOString() } } };
  const answer = await searchWhole(
    client,
    {
      index,
      ignore_unavailable: true,
      size: STEP,
      _source: false,
      seq_no_primary_term: true,
      sort: '_doc',
      track_total_hits: false,
      query: { bool: { filter: [{ term: { '_sluice.deleted': true } }, old] } },
    },
    { signal },
  );
  return answer.hits.hits;
}

async function remove(
  client: Client,
  index: string,
  found: readonly estypes.SearchHit[],
  signal: AbortSignal,
): Promise<number> {
  const operations = found.map(({ _id, _seq_no, _primary_term }) => ({
    delete: { _id, if_seq_no: _seq_no, if_primary_term: _primary_term },
  })) as estypes.BulkOperationContainer[];
  const { items } = await client.bulk({ index, operations }, { signal });
  const answers = items.flatMap((item) => item.delete ?? []);
  const broken = answers.find(({ status }) => status >= 300 && status !== 404 && status !== 409);
  if (broken !== undefined) throw itemError(broken.status, { type: broken.error?.type ?? 'unknown' }, index);
  return answers.filter(({ status }) => status < 300).length;
}
