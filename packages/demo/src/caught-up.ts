import { setTimeout as delay } from 'node:timers/promises';
import { kafkaClient, listTopics } from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';

export interface CaughtUpOptions {
  readonly brokers: readonly string[];
  /** Topics of which the groups must have read everything. */
  readonly topicPrefix: string;
  readonly groups: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
/** Offsets that stand still this long will not move any more. */
const SETTLED_MS = 8000;

/**
 * Resolves when each group has read all topics to their end, or has stopped moving: what an aborted transaction left
 * at the very end of a partition is never handed to a reader, so its offset stays before it. What still was missing
 * then is found by the compare. Throws after `timeoutMs`.
 * @returns records between the groups and the end, 0 as a rule
 */
export async function waitUntilCaughtUp(options: CaughtUpOptions): Promise<number> {
  const config = { brokers: [...options.brokers], clientId: 'sluice-check' };
  const kafka = kafkaClient(config, createLogger('check', { level: 'silent' }));
  const topics = await listTopics(kafka, (name) => name.startsWith(options.topicPrefix));
  const admin = kafka.admin();
  await admin.connect();
  try {
    const deadline = performance.now() + options.timeoutMs;
    let last = { text: '', at: performance.now() };
    for (;;) {
      const lags = await Promise.all(options.groups.map((group) => groupLag(admin, group, topics)));
      const lag = lags.reduce((sum, { records }) => sum + records, 0);
      const text = lags.map(({ positions }) => positions).join();
      const now = performance.now();
      if (lag === 0 || (text === last.text && now - last.at > SETTLED_MS)) return lag;
      if (text !== last.text) last = { text, at: now };
      if (now > deadline)
        throw new Error(`the sinks were ${lag} records behind after ${options.timeoutMs} ms`);
      await delay(POLL_MS, undefined, { signal: options.signal });
    }
  } finally {
    await admin.disconnect();
  }
}

type Admin = ReturnType<ReturnType<typeof kafkaClient>['admin']>;

async function groupLag(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<{ records: number; positions: string }> {
  const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
  let records = 0;
  for (const { topic, partitions } of committed) {
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, end]));
    for (const { partition, offset } of partitions) {
      const end = ends.get(partition);
      const from = Number(offset) < 0 ? Number(end?.low ?? 0) : Number(offset);
      const distance = Number(end?.high ?? 0) - from;
      // The end marker of the last transaction may be unread although every record is read.
      if (distance > 1) records += distance;
    }
  }
  return { records, positions: JSON.stringify(committed) };
}
