/**
 * Up to which time of the source this process has applied everything it reads: the newest heartbeat, but only once every
 * partition has come to its end since. A heartbeat overtakes rows of busy partitions; told at once, it would hide a backlog.
 */
export class Watermark {
  readonly #publish: (sourceMs: number) => void;
  /** Partitions with records that are read, or known to be there, and not applied. */
  readonly #behind = new Set<string>();
  #heard: number | null = null;

  /** @param publish called with milliseconds since 1970 */
  constructor(publish: (sourceMs: number) => void) {
    this.#publish = publish;
  }

  /** Another assignment: how its partitions stand is not known yet. */
  restart(partitions: Iterable<string>): void {
    this.#behind.clear();
    for (const name of partitions) this.#behind.add(name);
    this.#heard = null;
  }

  heartbeat(sourceMs: number): void {
    this.#heard = sourceMs;
    this.#tell();
  }

  /** Records of the partition are about to be applied. */
  busy(name: string): void {
    this.#behind.add(name);
  }

  /** The partition's last known record is applied. */
  caughtUp(name: string): void {
    if (this.#behind.delete(name)) this.#tell();
  }

  #tell(): void {
    if (this.#heard !== null && this.#behind.size === 0) this.#publish(this.#heard);
  }
}
