import type { Client } from '@elastic/elasticsearch';
import type { Sequence } from '@sluice/envelope';
import { itemError, requestError } from './elasticsearch-errors.ts';
import { deletionLines, liveAlias } from './elasticsearch-mapper.ts';
import { sendBulk } from './bulk-writer.ts';
import { refreshWhole, searchWhole } from './whole-answers.ts';

/** Documents deleted by one request; `index.max_result_window` allows 10,000. */
const STEP = 2000;

/** The sink's own index. */
export function stateIndex(indexPrefix: string): string {
  return `${indexPrefix}sluice-state`;
}

/**
 * Floors of truncated tables, kept in one small index. The document's version is the sequence, so of several
 * processes the highest floor wins, whoever writes last.
 */
export class Floors {
  readonly #client: Client;
  readonly #stateIndex: string;
  readonly #known = new Map<string, Sequence>();

  constructor(client: Client, indexPrefix: string) {
    this.#client = client;
    this.#stateIndex = stateIndex(indexPrefix);
  }

  /** Records of the table with a sequence below this one are stale; '' when it was never truncated. */
  async of(index: string): Promise<Sequence> {
    return this.#known.get(index) ?? (await this.#read(index));
  }

  /** What is known may be old: another process may have raised a floor since. */
  forget(): void {
    this.#known.clear();
  }

  async raise(index: string, sequence: Sequence): Promise<void> {
    await this.#client.transport.request(
      {
        method: 'PUT',
        path: `/${encodeURIComponent(this.#stateIndex)}/_doc/${encodeURIComponent(`floor:${index}`)}`,
        querystring: { version: sequence, version_type: 'external_gte' },
        body: { floor: sequence },
      },
      { ignore: [409] },
    );
    await this.#read(index);
  }

  async #read(index: string): Promise<Sequence> {
    try {
      const answer = await this.#client.get<{ floor: Sequence }>(
        { index: this.#stateIndex, id: `floor:${index}` },
        { ignore: [404] },
      );
      const read = answer._source?.floor ?? '';
      const known = this.#known.get(index) ?? '';
      // Two reads may end in the other order.
      const floor = read > known ? read : known;
      this.#known.set(index, floor);
      return floor;
    } catch (error) {
      throw requestError(error, `floor of ${index}`);
    }
  }
}

/**
 * Marks every row with a sequence below `sequence` as deleted at it, in bounded steps. Safe to repeat and to break off:
 * what a step has not reached is found again. A row written meanwhile by a newer change keeps its newer version.
 */
export async function deleteBelow(
  client: Client,
  index: string,
  sequence: Sequence,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      await refreshWhole(client, { index: liveAlias(index) }, { signal });
      const ids = await rowsBelow(client, index, sequence, signal);
      if (ids.length === 0) return;
      const at = new Date().toISOString();
      const items = await sendBulk(
        client,
        index,
        ids.map((id) => deletionLines(id, sequence, at)).join(''),
        signal,
      );
      const broken = items.find((item) => (item?.status ?? 503) >= 300 && item?.status !== 409);
      if (broken !== undefined) throw itemError(broken.status ?? 503, broken.error, index);
    }
  } catch (error) {
    throw requestError(error, `truncate of ${index}`);
  }
}

async function rowsBelow(
  client: Client,
  index: string,
  sequence: Sequence,
  signal: AbortSignal,
): Promise<string[]> {
  const answer = await searchWhole(
    client,
    {
      index: liveAlias(index),
      size: STEP,
      _source: false,
      sort: '_doc',
      track_total_hits: false,
      query: { range: { '_sluice.sequence': { lt: sequence } } },
    },
    { signal },
  );
  return answer.hits.hits.flatMap((hit) => (hit._id === undefined ? [] : [hit._id]));
}
