import type { Client } from '@elastic/elasticsearch';
import type { Source } from '@sluice/envelope';
import type { PipelineError } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { requestError } from './elasticsearch-errors.ts';
import { SYNCED } from './index-definition.ts';
import { findIndex, isSameOwner, ownerOf, sharedIndex, type IndexOwner } from './index-record.ts';

interface Claim {
  readonly owner: IndexOwner;
  /** Whether the index was seen to be there since. */
  isMade: boolean;
  /** What the index has against it. */
  readonly refusal: Promise<PipelineError | null>;
}

/** Which table has which index, as this process knows it. The index itself says so to all others. */
export class IndexClaims {
  readonly #client: Client;
  readonly #sink: Pick<SinkContext, 'prefix' | 'named'>;
  readonly #claims = new Map<string, Claim>();

  constructor(client: Client, sink: Pick<SinkContext, 'prefix' | 'named'>) {
    this.#client = client;
    this.#sink = sink;
  }

  ownerOf(source: Source): IndexOwner {
    return ownerOf(this.#sink, source);
  }

  /**
   * Null: the table has the index, or may make it. Noted before anything is asked, so that of two tables that come at the same time
   * one is refused. Throws when the cluster does not answer.
   */
  async refusalOf(index: string, source: Source): Promise<PipelineError | null> {
    const wanted = this.ownerOf(source);
    const known = this.#claims.get(index);
    if (known !== undefined && isSameOwner(known.owner, wanted)) return await known.refusal;
    if (known !== undefined && (await this.#stands(index, known)))
      return sharedIndex(index, wanted, known.owner);
    // Another may have come meanwhile.
    if (this.#claims.get(index) !== known) return await this.refusalOf(index, source);
    const claim = { owner: wanted, refusal: this.#refusal(index, wanted), isMade: false };
    this.#claims.set(index, claim);
    let stands = false;
    try {
      const refusal = await claim.refusal;
      stands = refusal === null;
      return refusal;
    } finally {
      if (!stands && this.#claims.get(index) === claim) this.#claims.delete(index);
    }
  }

  /** Whether the index is another table's; claims nothing. */
  async isOthers(index: string, source: Source): Promise<boolean> {
    const wanted = this.ownerOf(source);
    const known = this.#claims.get(index);
    if (known !== undefined && isSameOwner(known.owner, wanted)) return false;
    if (known !== undefined && (await this.#stands(index, known))) return true;
    return (await this.#refusal(index, wanted)) !== null;
  }

  /** The table's index is there. */
  made(index: string): void {
    const claim = this.#claims.get(index);
    if (claim !== undefined) claim.isMade = true;
  }

  /** The next to ask looks at the index again. */
  forget(index: string): void {
    this.#claims.delete(index);
  }

  /** Whether the index is still the claimant's, or may be made by it: another process may have given it up, somebody deleted it. */
  async #stands(index: string, claim: Claim): Promise<boolean> {
    try {
      const found = await findIndex(this.#client, index);
      if (found === null) return !claim.isMade;
      const owner = found.record === null ? claim.owner : found.record.owner;
      return owner !== null && isSameOwner(owner, claim.owner);
    } catch (error) {
      throw requestError(error, `owner of ${index}`);
    }
  }

  async #refusal(index: string, wanted: IndexOwner): Promise<PipelineError | null> {
    try {
      const found = await findIndex(this.#client, index);
      const owner = found?.record?.owner ?? wanted;
      if (!isSameOwner(owner, wanted)) return sharedIndex(index, wanted, owner);
      // A template gave it that, or somebody has changed it since.
      if (found?.isAsync === true)
        await this.#client.indices.putSettings({ index: found.name, settings: SYNCED });
      return null;
    } catch (error) {
      throw requestError(error, `owner of ${index}`);
    }
  }
}
