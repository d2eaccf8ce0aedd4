import type { Generation } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { toKnownError } from './known-error.ts';
import type { GenerationStore } from './sink.ts';

/**
 * Holds the generation of capture's checkpoint against the newest that the store has changes of. A checkpoint's never falls; one
 * that has was begun in an empty Kafka, or restored, and every guard would call its changes stale: better to stop.
 */
export class StoreGeneration {
  readonly #store: GenerationStore | undefined;

  constructor(store: GenerationStore | undefined) {
    this.#store = store;
  }

  /**
   * Reads the store's before the checkpoint: another process may come to a newer one in between. Resolves to the checkpoint's
   * reading when the store has its generation, for good.
   * @throws PipelineError STORE_AHEAD, or what the store answers
   */
  async follow<T extends { readonly generation: Generation }>(
    read: () => Promise<T | null>,
  ): Promise<T | null> {
    const kept = await this.#kept();
    const told = await read();
    if (told === null) return null;
    const { generation } = told;
    if (kept !== null && isBehind(generation, kept)) throw behind(generation, kept);
    if (generation.number !== kept?.number) await this.#keep(generation);
    return told;
  }

  async #kept(): Promise<Generation | null> {
    try {
      return (await this.#store?.read()) ?? null;
    } catch (error) {
      throw toKnownError(error);
    }
  }

  async #keep(generation: Generation): Promise<void> {
    try {
      await this.#store?.keep(generation);
    } catch (error) {
      throw toKnownError(error);
    }
  }
}

/** One without an identity may be that of the store: an older version has written the checkpoint. */
function isBehind(generation: Generation, kept: Generation): boolean {
  if (generation.number !== kept.number) return generation.number < kept.number;
  return generation.id !== null && generation.id !== kept.id;
}

function behind(generation: Generation, kept: Generation): PipelineError {
  const which = generation.number === kept.number ? 'another generation' : 'generation';
  return new PipelineError(
    'STORE_AHEAD',
    `the store has changes of generation ${kept.number}, and capture publishes ${which} ${generation.number}`,
    { context: { generation: generation.number, kept: kept.number } },
  );
}
