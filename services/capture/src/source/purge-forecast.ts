import type { StreamPosition } from '../model/position.ts';

/** What the source says of its binlog files, and when it said it. */
export interface RetentionAnswer {
  /** Milliseconds since 1970, by our clock. */
  readonly askedAtMs: number;
  /** The source's clock minus ours, in seconds. */
  readonly skewSeconds: number;
  /** After so many seconds the server purges a file that is not written any more; null: never by age. */
  readonly expireSeconds: number | null;
  /** Past so many bytes of all files the server purges the oldest; null: never by size. */
  readonly limitBytes: number | null;
  /** Sizes in bytes by name, oldest first. */
  readonly files: ReadonlyMap<string, number>;
}

/** Where capture stands. */
export interface ReadUpTo extends Pick<StreamPosition, 'file' | 'position'> {
  /** Commit time of the last transaction that was read, in milliseconds since 1970 by the source's clock; 0: none yet. */
  readonly committedAtMs: number;
}

/** How much of a burst counts in the rate a look later. */
const DECAY = 0.9;

/**
 * When the source will purge the binlog file that capture stands in, never later than it does: a server purges a file when its last
 * write is older than the retention (MySQL manual, `binlog_expire_logs_seconds`; MariaDB, `max_binlog_total_size` for the size). Of
 * that last write is known that it was not before the last transaction read from the file, nor before the file was seen to be written.
 */
export class PurgeForecast {
  #askedAtMs = 0;
  #headroomSeconds = Number.NaN;
  /** The file that capture stood in while the server wrote to it, and when. */
  #open = { file: '', atMs: 0 };
  #end: { readonly file: string; readonly bytes: number; readonly atMs: number } | null = null;
  #bytesPerSecond = Number.NaN;
  #lagBytes = Number.NaN;

  /** Bytes of the binlog that were not read yet at the last answer; NaN while that is not known. */
  get lagBytes(): number {
    return this.#lagBytes;
  }

  /** Seconds until the file is purged: 0 when it is gone, Infinity when the server never purges, NaN while it is not known. */
  headroomSeconds(nowMs: number): number {
    return Math.max(0, this.#headroomSeconds - (nowMs - this.#askedAtMs) / 1000);
  }

  note(answer: RetentionAnswer, at: ReadUpTo): void {
    this.#measureRate(answer);
    this.#askedAtMs = answer.askedAtMs;
    const size = answer.files.get(at.file);
    if (size === undefined) {
      this.#headroomSeconds = 0;
      this.#lagBytes = Number.NaN;
      return;
    }
    const bytes = bytesFrom(answer.files, at.file);
    this.#lagBytes = Math.max(0, bytes - at.position);
    this.#headroomSeconds = Math.min(this.#byAge(answer, at), this.#bySize(answer, bytes));
  }

  #byAge({ askedAtMs, skewSeconds, expireSeconds, files }: RetentionAnswer, at: ReadUpTo): number {
    const sourceNowMs = askedAtMs + skewSeconds * 1000;
    if (at.file === [...files.keys()].at(-1)) this.#open = { file: at.file, atMs: sourceNowMs };
    if (expireSeconds === null) return Infinity;
    const seenOpenMs = this.#open.file === at.file ? this.#open.atMs : 0;
    const writtenAtMs = Math.max(at.committedAtMs, seenOpenMs);
    return writtenAtMs === 0 ? Number.NaN : expireSeconds - (sourceNowMs - writtenAtMs) / 1000;
  }

  #bySize({ limitBytes }: RetentionAnswer, bytes: number): number {
    if (limitBytes === null) return Infinity;
    const room = limitBytes - bytes;
    return room <= 0 ? 0 : room / this.#bytesPerSecond;
  }

  #measureRate({ files, askedAtMs }: RetentionAnswer): void {
    const before = this.#end;
    const last = [...files].at(-1);
    this.#end = last === undefined ? null : { file: last[0], bytes: last[1], atMs: askedAtMs };
    if (before === null || !files.has(before.file) || askedAtMs <= before.atMs) return;
    const written = bytesFrom(files, before.file) - before.bytes;
    const rate = Math.max(0, written / ((askedAtMs - before.atMs) / 1000));
    const earlier = Number.isNaN(this.#bytesPerSecond) ? 0 : this.#bytesPerSecond * DECAY;
    this.#bytesPerSecond = Math.max(rate, earlier);
  }
}

/** Bytes of the file and of all after it. */
function bytesFrom(files: ReadonlyMap<string, number>, first: string): number {
  const entries = [...files];
  const index = entries.findIndex(([name]) => name === first);
  return entries.slice(index).reduce((sum, [, bytes]) => sum + bytes, 0);
}
