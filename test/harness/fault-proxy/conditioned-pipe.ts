import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { slices, transmissionMs, type Conditions } from './conditions.ts';

/** Bytes held on the way before the sender is made to wait. */
const HELD_BYTES_MAX = 1_048_576;
/** How often a held pipe looks whether it may go on. */
const LOOK_MS = 10;

interface Held {
  readonly chunk: Buffer;
  readonly arrivedAt: number;
}

/** One direction of a link: takes bytes from one socket and gives them to the other, in order, as the conditions of the moment say. */
export class ConditionedPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #conditions: () => Conditions;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #hasEnded = false;
  #isMoving = false;

  constructor(from: Socket, to: Socket, conditions: () => Conditions) {
    this.#from = from;
    this.#to = to;
    this.#conditions = conditions;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => {
      this.#hasEnded = true;
      void this.#move();
    });
  }

  #take(chunk: Buffer): void {
    this.#held.push({ chunk, arrivedAt: performance.now() });
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#from.pause();
    void this.#move();
  }

  async #move(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      await this.#deliver(next);
      if (this.#to.destroyed) return;
      this.#heldBytes -= next.chunk.length;
      if (this.#heldBytes <= HELD_BYTES_MAX) this.#from.resume();
    }
    this.#isMoving = false;
    if (this.#hasEnded && (await this.#untilOpen())) this.#to.end();
  }

  async #deliver({ chunk, arrivedAt }: Held): Promise<void> {
    await untilTime(() => arrivedAt + this.#conditions().latencyMs);
    for (const piece of slices(chunk, this.#conditions())) {
      const sentAt = performance.now() + transmissionMs(piece.length, this.#conditions());
      await untilTime(() => sentAt);
      if (!(await this.#untilOpen())) return;
      await this.#write(piece);
    }
  }

  /** False when the link is gone. */
  async #untilOpen(): Promise<boolean> {
    while (this.#conditions().isBlackhole && !this.#to.destroyed) await delay(LOOK_MS);
    return !this.#to.destroyed;
  }

  /** Resolves when the socket can take more, or is gone. */
  async #write(piece: Buffer): Promise<void> {
    if (this.#to.write(piece)) return;
    await new Promise<void>((resolve) => {
      this.#to.once('drain', resolve);
      this.#to.once('close', resolve);
    });
  }
}

/** Never too early: timers know whole milliseconds alone, cut off the rest and may fire a little before. */
async function untilTime(time: () => number): Promise<void> {
  for (let left = time() - performance.now(); left > 0; left = time() - performance.now())
    await delay(Math.ceil(left));
}
