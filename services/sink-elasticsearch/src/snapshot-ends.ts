import type { Client } from '@elastic/elasticsearch';
import type { Reconciliation } from '@sluice/sink-kit';
import { requestError } from './elasticsearch-errors.ts';
import { stateIndex } from './truncation.ts';
import { documentsWhole } from './whole-answers.ts';

/** Which partitions have shown the end of a snapshot: one small document each, since any process may see the last one. */
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
}
