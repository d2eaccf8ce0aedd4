import type { Client } from '@elastic/elasticsearch';
import type { Sequence } from '@sluice/envelope';
import type { Reconciliation } from '@sluice/sink-kit';
import { requestError } from './elasticsearch-errors.ts';
import { stateIndex } from './truncation.ts';
import { documentsWhole } from './whole-answers.ts';

/** What each partition has shown, the end of a snapshot or a change of fields: one small document each, since any process may see the last one. */
export class SnapshotBarrier {
  readonly #client: Client;
  readonly #stateIndex: string;

  constructor(client: Client, indexPrefix: string) {
    this.#client = client;
    this.#stateIndex = stateIndex(indexPrefix);
  }

  /** Notes the end in this partition; true when it was seen in all of them now. Safe to repeat. */
  async isLast(
    index: string,
    partition: number,
    { job, partitions }: Pick<Reconciliation, 'job' | 'partitions'>,
  ): Promise<boolean> {
    const id = (of: number): string => `end:${index}:${job}:${of}`;
    try {
      const document = { end: job, at: new Date().toISOString() };
      await this.#client.index({ index: this.#stateIndex, id: id(partition), document });
      // By id, so what another process has written is seen without a refresh.
      const ids = Array.from({ length: partitions }, (_, of) => id(of));
      const docs = await documentsWhole(this.#client, { index: this.#stateIndex, ids, _source: false });
      return docs.every((doc) => doc?.found === true);
    } catch (error) {
      throw requestError(error, `end of a snapshot of ${index}`);
    }
  }

  /**
   * Notes that this partition waits at a change of the table's fields. True when every one waits at it, or at a later one, its record of
   * this one having expired: none has rows of before it any more. Safe to repeat.
   * @param uuid of the index that is to be replaced: what waits for another one is forgotten
   */
  async hasCome(
    index: string,
    partition: number,
    { uuid, sequence, partitions }: ChangedFields,
  ): Promise<boolean> {
    const id = (of: number): string => `fields:${index}:${uuid}:${of}`;
    try {
      const request = {
        method: 'PUT',
        path: `/${encodeURIComponent(this.#stateIndex)}/_doc/${encodeURIComponent(id(partition))}`,
        querystring: { version: sequence, version_type: 'external_gte' },
        body: { fields: sequence, at: new Date().toISOString() },
      };
      await this.#client.transport.request(request, { ignore: [409] });
      const ids = Array.from({ length: partitions }, (_, of) => id(of));
      const docs = await documentsWhole<{ readonly fields?: Sequence }>(this.#client, {
        index: this.#stateIndex,
        ids,
      });
      return docs.every((doc) => (doc?._source?.fields ?? '') >= sequence);
    } catch (error) {
      throw requestError(error, `change of ${index}`);
    }
  }
}

export interface ChangedFields {
  readonly uuid: string;
  readonly sequence: Sequence;
  /** Of the table's topic. */
  readonly partitions: number;
}
