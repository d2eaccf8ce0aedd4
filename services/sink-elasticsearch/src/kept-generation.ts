import type { Client } from '@elastic/elasticsearch';
import type { Generation } from '@sluice/envelope';
import type { GenerationStore } from '@sluice/sink-kit';
import { requestError } from './elasticsearch-errors.ts';
import { stateIndex } from './truncation.ts';

const SUBJECT = 'generation of the rows';

/** The newest generation whose rows the indexes have: one document of the sink's own index for each prefix of topics. */
export class KeptGeneration implements GenerationStore {
  readonly #client: Client;
  readonly #place: { readonly index: string; readonly id: string };

  constructor(client: Client, indexPrefix: string, topicPrefix: string) {
    this.#client = client;
    this.#place = { index: stateIndex(indexPrefix), id: `generation:${topicPrefix}` };
  }

  async read(): Promise<Generation | null> {
    try {
      const answer = await this.#client.get<{ generation: Generation }>(this.#place, { ignore: [404] });
      return answer._source?.generation ?? null;
    } catch (error) {
      throw requestError(error, SUBJECT);
    }
  }

  async keep({ number, id }: Generation): Promise<void> {
    try {
      await this.#client.index({ ...this.#place, document: { generation: { number, id } } });
    } catch (error) {
      throw requestError(error, SUBJECT);
    }
  }
}
