import type { Row } from '@sluice/envelope';
import { expect } from 'vitest';
import type { Delivery, Outcome, Sink } from '../sink.ts';
import { CONFORMANCE_DATABASE, CONFORMANCE_TABLE, conformanceTopic } from './conformance-table.ts';
import { sequenceAt, type TestTopic } from './test-topic.ts';

const never = new AbortController().signal;

/** A sink before `open`, on a store (or a part of one) that holds nothing yet. */
export interface SinkSubject {
  readonly sink: Sink;
  /** Another process of the same sink on the same store, before `open`; the suite closes it. */
  another(): Sink;
  /** The row as the store has it: the columns of `after`, value for value, nothing else; null when it has none. */
  read(database: string, table: string, key: Row): Promise<Row | null>;
  /** Makes the store refuse the row with this id (and no other), and returns that row. */
  poison?(id: number): Promise<Row>;
  /** Removes what the test left in the store; the suite has closed the sink. */
  close(): Promise<void>;
}

/** A subject with its topic, and the few verbs the tests speak in. */
export class Bench {
  readonly topic: TestTopic = conformanceTopic();
  readonly subject: SinkSubject;
  /** The process that has the partitions now, and the one that had them before. */
  #owner: Sink;
  #former: Sink;

  constructor(subject: SinkSubject) {
    this.subject = subject;
    this.#owner = subject.sink;
    this.#former = subject.sink;
  }

  /** Writes one batch; resolves to the kinds of its outcomes. */
  write(...batch: Delivery[]): Promise<readonly Outcome['kind'][]> {
    return writtenBy(this.#owner, batch);
  }

  /** The rows with these keys count as written at this step, where they are there. */
  async keep(end: Delivery, step: number, ...keys: readonly object[]): Promise<void> {
    const texts = keys.map((key) => JSON.stringify(key));
    await this.#owner.keep(end, texts, sequenceAt(step), never);
  }

  /** A write of the process that had the partitions before the last restart. */
  writeLate(...batch: Delivery[]): Promise<readonly Outcome['kind'][]> {
    return writtenBy(this.#former, batch);
  }

  /** Sends one record again, as an operator does. */
  async replay(delivery: Delivery): Promise<Outcome['kind'] | undefined> {
    const [outcome] = await this.#owner.write([delivery], never, 'replay');
    return outcome?.kind;
  }

  /** Writes one row as it was read again, or that it is gone. */
  async repair(delivery: Delivery): Promise<Outcome['kind'] | undefined> {
    const [outcome] = await this.#owner.write([delivery], never, 'repair');
    return outcome?.kind;
  }

  /** A new process takes over; the one before stays, to be late. */
  async restart(): Promise<void> {
    if (this.#former !== this.#owner) await this.#former.close();
    this.#former = this.#owner;
    this.#owner = this.subject.another();
    await this.#owner.open(never);
  }

  async close(): Promise<void> {
    for (const sink of new Set([this.#former, this.#owner])) await sink.close();
  }

  insert(step: number, row: Row): Delivery {
    return this.topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row });
  }

  update(step: number, row: Row): Delivery {
    return this.topic.row({ operation: 'UPDATE', sequence: sequenceAt(step), row });
  }

  delete(step: number, row: Row): Delivery {
    return this.topic.row({ operation: 'DELETE', sequence: sequenceAt(step), row });
  }

  snapshot(step: number, row: Row): Delivery {
    return this.topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(step), row });
  }

  read(id: number): Promise<Row | null> {
    return this.subject.read(CONFORMANCE_DATABASE, CONFORMANCE_TABLE, { id });
  }
}

async function writtenBy(sink: Sink, batch: readonly Delivery[]): Promise<readonly Outcome['kind'][]> {
  if (batch.length === 0) return [];
  const outcomes = await sink.write(batch, never);
  expect(outcomes).toHaveLength(batch.length);
  return outcomes.map(({ kind }) => kind);
}
