import type { Row } from '@sluice/envelope';
import type { Delivery } from '../sink.ts';
import { conformanceTopic, itemRow } from './conformance-table.ts';
import { sequenceAt, type TestTopic } from './test-topic.ts';

/** Keys of one history; each lies in the partition that its number says. */
export const HISTORY_KEYS = 4;
const PARTITIONS = 2;
/** Sequences and versions of one history: more than it can use. */
const STEPS = 1000;

/** What happens at the source, one after the other. What cannot happen (a delete of no row) becomes what can. */
export type SourceEvent =
  | { readonly kind: 'write'; readonly key: number }
  | { readonly kind: 'delete'; readonly key: number }
  /** The row's key changes: DELETE of the old one, INSERT of the new one. */
  | { readonly kind: 'move'; readonly key: number; readonly to: number }
  | { readonly kind: 'truncate' }
  /** Rows are deleted and nobody is told of it; then all that are left are read again. */
  | { readonly kind: 'gap'; readonly keys: readonly number[] }
  /**
   * Rows of these keys are read at once. With `tie` they carry the sequence of the last change, else a later one; `masked`
   * ones differ from what the stream has published, as after a change of the masks.
   */
  | {
      readonly kind: 'snapshot';
      readonly keys: readonly number[];
      readonly tie: boolean;
      readonly masked: boolean;
    };

export interface History {
  /** What stands in the topic: each record with a line that tells it to a person. */
  readonly log: readonly { readonly delivery: Delivery; readonly text: string }[];
  /** Id of each key's row, and the row that must be there in the end; null for none. */
  readonly end: ReadonlyMap<number, Row | null>;
}

/**
 * Plays the events and writes them down as capture would. `run` makes ids and sequences that no earlier history of the same
 * table has, and sequences that are all above theirs.
 */
export function playHistory(events: readonly SourceEvent[], run: number): History {
  const source = new Source(run);
  for (const event of events) source.play(event);
  return source;
}

class Source implements History {
  readonly log: { delivery: Delivery; text: string }[] = [];
  readonly end = new Map<number, Row | null>();
  readonly #run: number;
  readonly #topics: readonly TestTopic[] = Array.from({ length: PARTITIONS }, (_, partition) =>
    conformanceTopic(partition),
  );
  #step: number;
  #last: SourceEvent['kind'] | null = null;

  constructor(run: number) {
    this.#run = run;
    this.#step = run * STEPS;
    for (let key = 0; key < HISTORY_KEYS; key += 1) this.end.set(this.#id(key), null);
  }

  play(event: SourceEvent): void {
    if (event.kind === 'truncate') this.#truncate();
    else if (event.kind === 'gap') this.#gap(event.keys);
    else if (event.kind === 'snapshot') this.#snapshot(event);
    else if (event.kind === 'delete') this.#delete(event.key);
    else if (event.kind === 'move') this.#move(event.key, event.to);
    else this.#write(event.key);
    this.#last = event.kind;
  }

  #write(key: number): void {
    const operation = this.#rowOf(key) === null ? 'INSERT' : 'UPDATE';
    this.#put(operation, key, itemRow(this.#id(key), this.#next()));
  }

  #delete(key: number): void {
    const row = this.#rowOf(key);
    if (row === null) return this.#write(key);
    this.#next();
    this.#put('DELETE', key, row);
  }

  #move(key: number, to: number): void {
    const row = this.#rowOf(key);
    if (row === null || this.#rowOf(to) !== null) return this.#write(key);
    this.#delete(key);
    this.#next();
    this.#put('INSERT', to, { ...row, id: this.#id(to) });
  }

  #truncate(): void {
    this.#next();
    const sequence = sequenceAt(this.#step);
    for (const [partition, topic] of this.#topics.entries())
      this.#log(topic.truncate(sequence), `TRUNCATE, partition ${partition}`);
    for (const id of this.end.keys()) this.end.set(id, null);
  }

  #gap(vanished: readonly number[]): void {
    for (const key of vanished) this.end.set(this.#id(key), null);
    const since = sequenceAt(this.#next());
    const job = `job ${this.#step}`;
    const mark = (phase: 'begin' | 'end'): void => {
      for (const [partition, topic] of this.#topics.entries()) {
        const about = { phase, job, reconcile: true, since, partitions: PARTITIONS } as const;
        this.#log(
          topic.snapshotMark(sequenceAt(this.#step), about),
          `${phase} of ${job}, partition ${partition}`,
        );
      }
    };
    mark('begin');
    this.#snapshot({ kind: 'snapshot', keys: [...Array(HISTORY_KEYS).keys()], tie: false, masked: false });
    mark('end');
  }

  /** A snapshot begins above the rows of every one before it (a gap ends with one): only with a change may it tie. */
  #snapshot({ keys, tie, masked }: Extract<SourceEvent, { kind: 'snapshot' }>): void {
    if (!tie || this.#last === 'snapshot' || this.#last === 'gap' || this.#last === null) this.#next();
    for (const key of new Set(keys)) {
      const row = this.#rowOf(key);
      if (row === null) continue;
      this.#put('SNAPSHOT', key, masked ? { ...row, name: `masked ${this.#step}` } : row);
    }
  }

  #put(operation: 'INSERT' | 'UPDATE' | 'DELETE' | 'SNAPSHOT', key: number, row: Row): void {
    const topic = this.#topics[key % PARTITIONS] as TestTopic;
    const delivery = topic.row({ operation, sequence: sequenceAt(this.#step), row });
    this.end.set(this.#id(key), operation === 'DELETE' ? null : row);
    this.#log(delivery, `${operation} key ${key}`);
  }

  #log(delivery: Delivery, text: string): void {
    this.log.push({ delivery, text: `${text} @${this.#step - this.#run * STEPS}` });
  }

  #next(): number {
    this.#step += 1;
    return this.#step;
  }

  #rowOf(key: number): Row | null {
    return this.end.get(this.#id(key)) ?? null;
  }

  #id(key: number): number {
    return this.#run * HISTORY_KEYS + key + 1;
  }
}
