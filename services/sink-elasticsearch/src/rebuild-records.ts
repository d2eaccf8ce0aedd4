import { errors, type Client } from '@elastic/elasticsearch';
import { isOverdue, readRebuild, writeRebuild, type RebuildRecord } from '@sluice/sink-kit/rebuild';
import { stateIndex } from './truncation.ts';

/** The record of a sink's rebuild: one small document in the sink's own index. */
export class RebuildRecords {
  readonly #client: Client;
  readonly #place: { readonly index: string; readonly id: string };

  /** @param section `sinks.<name>` */
  constructor(client: Client, indexPrefix: string, section: string) {
    this.#client = client;
    this.#place = { index: stateIndex(indexPrefix), id: `rebuild:${section}` };
  }

  /** By id, so that what was written last is seen without a refresh. */
  async load(): Promise<RebuildRecord | null> {
    const found = await this.#client.get<{ readonly rebuild?: string }>(this.#place, { ignore: [404] });
    const text = found._source?.rebuild;
    return text === undefined
      ? null
      : readRebuild(text, `document ${this.#place.id} of ${this.#place.index}`);
  }

  /** As `StoreRebuild.save`. */
  async save(record: RebuildRecord | null, before: RebuildRecord | null): Promise<boolean> {
    const found = await this.#client.get<{ readonly rebuild?: string }>(this.#place, { ignore: [404] });
    const text = found._source?.rebuild ?? null;
    if (text !== (before === null ? null : writeRebuild(before))) return false;
    const at = { if_seq_no: found._seq_no ?? 0, if_primary_term: found._primary_term ?? 0 };
    try {
      if (record === null && text === null) return true;
      if (record === null) await this.#client.delete({ ...this.#place, ...at });
      else {
        const document = { rebuild: writeRebuild(record) };
        await this.#client.index({
          ...this.#place,
          document,
          ...(text === null ? { op_type: 'create' } : at),
        });
      }
      return true;
    } catch (error) {
      if (error instanceof errors.ResponseError && error.statusCode === 409) return false;
      throw error;
    }
  }

  /** Null where nothing that was replaced has to go yet. */
  async overdue(nowMs: number): Promise<RebuildRecord | null> {
    const record = await this.load();
    return record !== null && isOverdue(record, nowMs) ? record : null;
  }
}

/** Of several processes that remove one index, the first does it. */
export async function removeIndexes(client: Client, names: readonly string[]): Promise<void> {
  for (const index of names) {
    try {
      await client.indices.delete({ index, ignore_unavailable: true });
    } catch (error) {
      if (!(error instanceof errors.ResponseError) || error.statusCode !== 404) throw error;
    }
  }
}
