import type { Client, estypes } from '@elastic/elasticsearch';
import { PipelineError } from '@sluice/runtime';
import { CODES } from './errors.ts';

interface Signal {
  readonly signal: AbortSignal;
}

/** The part of an answer that says how many shards it is of. */
export interface ShardsTold {
  readonly timed_out?: unknown;
  readonly _shards?: unknown;
}

/** As `client.search`; throws ELASTICSEARCH_UNAVAILABLE, to be tried again, where shards have not answered. */
export async function searchWhole<T>(
  client: Client,
  request: estypes.SearchRequest & { readonly index: string },
  { signal }: Signal,
): Promise<estypes.SearchResponse<T>> {
  const answer = await client.search<T>({ ...request, allow_partial_search_results: false }, { signal });
  expectWhole(request.index, answer);
  return answer;
}

/** Documents of an index, deleted ones too. Throws as `searchWhole`. */
export async function countWhole(
  client: Client,
  index: string,
  options: Partial<Signal> = {},
): Promise<number> {
  const answer = await client.count({ index }, options);
  expectWhole(index, answer);
  return answer.count;
}

/** Throws as `searchWhole`. A shard that is away is no failure of it: the search that follows says so. */
export async function refreshWhole(
  client: Client,
  request: estypes.IndicesRefreshRequest & { readonly index: string },
  options: Partial<Signal> = {},
): Promise<void> {
  const { _shards } = await client.indices.refresh(request, options);
  expectWhole(request.index, { _shards: { failed: _shards?.failed } });
}

/**
 * As `client.mget`, one for each id; null for one of an index that is not there. Throws ELASTICSEARCH_UNAVAILABLE where the shard of a
 * document has not answered: that says nothing of the document.
 */
export async function documentsWhole<T>(
  client: Client,
  request: estypes.MgetRequest & { readonly index: string },
  options: Partial<Signal> = {},
): Promise<readonly (estypes.GetGetResult<T> | null)[]> {
  const { docs } = await client.mget<T>(request, options);
  for (const doc of docs) if ('error' in doc) expectNoIndex(request.index, doc.error);
  return docs.map((doc) => ('error' in doc ? null : doc));
}

/** The same for what `_mget` says of one document. */
export function expectNoIndex(index: string, { type }: { readonly type?: unknown }): void {
  if (type === 'index_not_found_exception') return;
  throw new PipelineError(
    CODES.ELASTICSEARCH_UNAVAILABLE,
    `${index}: the shard of a document has not answered: ${String(type)}`,
  );
}

/**
 * For each page of a search that was sent otherwise: a server answers 200 with what some shards have, and what is behind the first page of
 * a scroll whatever the request says. Throws as `searchWhole`.
 */
export function expectWhole(index: string, { timed_out: timedOut, _shards: shards = {} }: ShardsTold): void {
  const told = (name: string): number | null => {
    const value = (shards as Readonly<Record<string, number | { readonly text: string } | undefined>>)[name];
    // An answer that is read digit for digit has its numbers as they were written.
    return value === undefined ? null : Number(typeof value === 'number' ? value : value.text);
  };
  const [total, successful, failed] = [told('total'), told('successful'), told('failed')];
  const isLess = total !== null && successful !== null && successful < total;
  if (timedOut !== true && (failed ?? 0) === 0 && !isLess) return;
  const counts =
    total === null ? `${failed} shards have failed` : `${successful} of ${total} shards have answered`;
  throw new PipelineError(
    CODES.ELASTICSEARCH_UNAVAILABLE,
    `${index}: ${timedOut === true ? 'timed out' : counts}`,
  );
}
