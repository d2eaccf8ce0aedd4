import { randomUUID } from 'node:crypto';
import { PipelineError } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { markerKey } from './redis-mapper.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { WriteMarker, MarkerSource } from './marker-source.ts';
import { CODES } from './errors.ts';

/** When the store was filled, and below which prefix as JSON: markers of older versions have none. */
const OWN_MARKER = /^\d{4}-\d\d-\d\dT[\d:.]+Z(?: (".*"))?$/;
const LIFE_SECONDS = 86_400;
/** What was acknowledged so long ago has been saved, or never will be. */
const MATTERS_MS = (LIFE_SECONDS * 1000) / 2;

/**
 * Notices a Redis that has lost what it had acknowledged: one that came back empty, from an older save, or as a replica that
 * was behind. To write on would leave holes and look healthy. Redis keeps writes in their order, so the newest marker tells.
 */
export class WriteMarkers implements MarkerSource {
  readonly #connection: RedisConnection;
  readonly #marker: string;
  readonly #keyPrefix: string;
  readonly #setting: string;
  readonly #markerKey: string;
  readonly #hasProgress: () => Promise<boolean>;
  #sent = 0;
  #acknowledged: { readonly marker: number; readonly atMs: number } | null = null;
  /** Connections made so far, and the one that was looked at. */
  #connections = 0;
  #checked = -1;
  #isEmptied = false;

  constructor(
    connection: RedisConnection,
    keyPrefix: string,
    { group, section, hasProgress }: Pick<SinkContext, 'group' | 'section' | 'hasProgress'>,
  ) {
    this.#connection = connection;
    this.#keyPrefix = keyPrefix;
    this.#setting = `${section}.keyPrefix`;
    this.#marker = markerKey(group);
    this.#markerKey = `sluice:seal:${group}:${randomUUID()}`;
    this.#hasProgress = hasProgress;
  }

  /** There is a new connection: maybe to a server that knows less. */
  connected(): void {
    this.#connections += 1;
  }

  /** Marks a store that is new to the group. Throws REDIS_EMPTIED when the group has filled it before, or other keys of it. */
  async open(): Promise<void> {
    const current = this.#connections;
    const marker = await this.#connection.get(this.#marker);
    const [isOwn, quoted] = OWN_MARKER.exec(marker ?? '') ?? [];
    const isOther = quoted !== undefined && quoted !== JSON.stringify(this.#keyPrefix);
    if ((marker === null || isOther) && (await this.#hasProgress())) {
      throw isOther ? filledElsewhere(this.#setting, quoted) : emptied();
    }
    if (marker === null || isOwn !== undefined) await this.#mark();
    this.#checked = current;
    // What was answered before is noted as missing.
    if (this.#isEmptied) this.#acknowledged = null;
    this.#isEmptied = false;
  }

  /** Where a person has set the marker, the store counts as whole only when it is noted what it lacks. */
  async refill(note: () => Promise<void>): Promise<void> {
    const marker = await this.#connection.get(this.#marker);
    if (marker === null || OWN_MARKER.test(marker)) return;
    await note();
    await this.#mark();
  }

  async #mark(): Promise<void> {
    const value = `${new Date().toISOString()} ${JSON.stringify(this.#keyPrefix)}`;
    await this.#connection.set(this.#marker, value);
  }

  /**
   * With every ping: a person may empty the server under a connection that holds (FLUSHALL), and a proxy may hold it over a failover. Throws REDIS_EMPTIED, and so does every
   * write from then on, until the store is opened again: what it lacks is noted there.
   */
  async look(): Promise<void> {
    if (this.#checked === -1) return;
    await this.check();
    const newest = this.#newest;
    if ((await this.#connection.get(this.#marker)) === null) {
      this.#isEmptied = true;
      throw emptied();
    }
    await this.#expect(newest, await this.#connection.get(this.#markerKey));
  }

  /** Before every write. Throws REDIS_EMPTIED. */
  async check(): Promise<void> {
    if (this.#isEmptied) throw emptied();
    const current = this.#connections;
    if (this.#checked === current || this.#checked === -1) return;
    if ((await this.#connection.get(this.#marker)) === null) throw emptied();
    await this.#expect(this.#newest, await this.#connection.get(this.#markerKey));
    this.#checked = current;
  }

  /** The marker of a batch that is about to be sent. */
  next(): WriteMarker {
    this.#sent += 1;
    const value = String(this.#sent);
    return { key: this.#markerKey, value, seconds: LIFE_SECONDS, behind: this.#newest };
  }

  /** A failover behind a proxy leaves the connection as it is: only what stands in front of a batch tells of it. */
  async acknowledge({ value, behind }: WriteMarker, before: unknown): Promise<void> {
    await this.#expect(behind, before);
    const marker = Math.max(Number(value), this.#acknowledged?.marker ?? 0);
    this.#acknowledged = { marker, atMs: Date.now() };
  }

  /** The newest marker that Redis has answered. */
  get #newest(): number | null {
    const acknowledged = this.#acknowledged;
    return acknowledged !== null && Date.now() - acknowledged.atMs < MATTERS_MS ? acknowledged.marker : null;
  }

  async #expect(newest: number | null, kept: unknown): Promise<void> {
    if (newest === null || Number(kept ?? 0) >= newest) return;
    this.#isEmptied = true;
    // The next process knows nothing of this: it stops as well, until a person has acted.
    await this.#connection.remove(this.#marker);
    throw emptied();
  }
}

function emptied(): PipelineError {
  return new PipelineError(
    CODES.REDIS_EMPTIED,
    'Redis no longer contains the rows that this sink has written',
  );
}

function filledElsewhere(setting: string, quoted: string): PipelineError {
  return new PipelineError(
    CODES.REDIS_EMPTIED,
    `${setting} was ${quoted} when this sink wrote its rows: below the prefix of now they are missing`,
  );
}
