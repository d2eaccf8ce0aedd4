/** Heartbeats that wait for partitions; past it the newest takes the place of the one before. */
const WAITING_MAX = 64;

interface Waiting {
  readonly sourceMs: number;
  /** Partitions that have not come to their end since it was heard. */
  readonly partitions: Set<string>;
}

/**
 * Up to which time of the source this process has applied everything it reads: the newest heartbeat since which each partition
 * that was behind has come to its end once. A heartbeat overtakes rows of busy partitions; told at once, it would hide a backlog.
 * Not all have to be at their end at one moment: under steady load over many partitions that moment never comes.
 */
export class Watermark {
  readonly #publish: (sourceMs: number) => void;
  /** Partitions with records that are read, or known to be there, and not applied. */
  readonly #behind = new Set<string>();
  /** Oldest first. */
  #waiting: Waiting[] = [];

  /** @param publish called with milliseconds since 1970 */
  constructor(publish: (sourceMs: number) => void) {
    this.#publish = publish;
  }

  /** Another assignment: how its partitions stand is not known yet. */
  restart(partitions: Iterable<string>): void {
    this.#behind.clear();
    for (const name of partitions) this.#behind.add(name);
    this.#waiting = [];
  }

  heartbeat(sourceMs: number): void {
    if (this.#waiting.length === WAITING_MAX) this.#waiting.pop();
    this.#waiting.push({ sourceMs, partitions: new Set(this.#behind) });
    this.#tell();
  }

  /** Records of the partition are about to be applied. */
  busy(name: string): void {
    this.#behind.add(name);
  }

  /** The partition's last known record is applied. */
  caughtUp(name: string): void {
    if (!this.#behind.delete(name)) return;
    for (const { partitions } of this.#waiting) partitions.delete(name);
    this.#tell();
  }

  #tell(): void {
    const newest = this.#waiting.findLastIndex(({ partitions }) => partitions.size === 0);
    const found = this.#waiting[newest];
    if (found === undefined) return;
    this.#waiting.splice(0, newest + 1);
    this.#publish(found.sourceMs);
  }
}
