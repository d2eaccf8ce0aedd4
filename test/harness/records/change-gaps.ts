import { setTimeout as delay } from 'node:timers/promises';
import { kafkaClient } from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';
import { kafkaConfig } from '../pipelines/capture-pipeline.ts';
import { uniqueName, type Scope } from '../scope.ts';
import type { SourceDatabase } from '../pipelines/source-database.ts';

/** The longest time between two of the events that were noted since it was last asked, in milliseconds. */
export class LongestGap {
  /** Events so far. */
  count = 0;
  #last = 0;
  #longest = 0;

  note(events = 1): void {
    const now = performance.now();
    if (this.count > 0) this.#longest = Math.max(this.#longest, now - this.#last);
    this.count += events;
    this.#last = now;
  }

  take(): number {
    const longest = this.#longest;
    this.#longest = 0;
    return Math.round(longest);
  }
}

const BURST_MS = 10;

/**
 * Commits transactions of one row, evenly, until the scope ends.
 * @param table with an AUTO_INCREMENT key and nothing else that must be given
 * @returns the gaps between its commits
 */
export async function writeSteadily(
  scope: Scope,
  database: SourceDatabase,
  table: string,
  perSecond: number,
): Promise<LongestGap> {
  const gaps = new LongestGap();
  const connection = await database.connect();
  const state = { isStopped: false };
  const write = async (): Promise<void> => {
    for (let due = performance.now(); !state.isStopped; due = Math.max(due + BURST_MS, performance.now())) {
      for (let left = (perSecond * BURST_MS) / 1000; left > 0; left--) {
        await connection.query(`INSERT INTO ${table} () VALUES ()`);
        gaps.note();
      }
      await delay(Math.max(0, due + BURST_MS - performance.now()));
    }
  };
  const done = write();
  done.catch(() => undefined);
  scope.defer(async () => {
    state.isStopped = true;
    await done;
  });
  return gaps;
}

/** The gaps between the changes of a topic as a consumer gets them that reads committed records only. */
export async function readGaps(scope: Scope, brokers: readonly string[], topic: string): Promise<LongestGap> {
  const gaps = new LongestGap();
  const kafka = kafkaClient(kafkaConfig(brokers), createLogger('test', { level: 'silent' }));
  const groupId = uniqueName('gaps');
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 20, minBytes: 1 });
  scope.defer(async () => {
    await consumer.disconnect();
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteGroups([groupId]);
    await admin.disconnect();
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachBatch: ({ batch }) => {
      const changes = batch.messages.filter(({ headers }) => String(headers?.['operation']) === 'INSERT');
      if (changes.length > 0) gaps.note(changes.length);
      return Promise.resolve();
    },
  });
  return gaps;
}
