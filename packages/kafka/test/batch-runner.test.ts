import type { Admin, EachBatchPayload } from 'kafkajs';
import { expect, test } from 'vitest';
import { BatchRunner } from '../src/batch-runner.ts';
import type { Assignment } from '../src/consumer-assignment.ts';
import type { CommitQueue } from '../src/consumer-commits.ts';

/** What becomes of a batch that begins at offset 100, where another offset is the next to read and the partition has 90 to 500. */
async function fateOf(due: bigint): Promise<readonly unknown[]> {
  const fate: unknown[] = [];
  const assignment = {
    generation: 1,
    position: () => due,
    topicId: () => null,
    move: () => undefined,
    reread: () => void fate.push('reread'),
  };
  const runner = new BatchRunner({
    admin: { fetchTopicOffsets: async () => [{ partition: 0, low: '90', high: '500' }] } as unknown as Admin,
    assignment: assignment as unknown as Assignment,
    commits: { note: () => undefined } as unknown as CommitQueue,
    handle: async ({ endOffset }) => {
      fate.push('handled');
      return { nextOffset: endOffset, action: 'go-on' };
    },
    gapsAllowed: () => false,
    topicIds: async () => new Map(),
    stopping: new AbortController().signal,
    isMember: () => true,
    onFatal: (error) => void fate.push((error as { code: string }).code),
  });
  const nothing = (): void => undefined;
  const messages = [{ offset: '100', timestamp: '0', key: null, value: null }];
  const batch = { topic: 't', partition: 0, highWatermark: '500', messages, lastOffset: () => '100' };
  const payload = { batch, heartbeat: async () => undefined, pause: nothing, resolveOffset: nothing };
  await runner.run(payload as unknown as EachBatchPayload);
  return fate;
}

test.each([
  ['the next one', 100n, 'handled'],
  ['behind transaction markers', 95n, 'handled'],
  ['an answer that came late: what is due is there', 120n, 'reread'],
  ['what was due is gone', 80n, 'DATA_GAP'],
  ['what is due was never there', 600n, 'DATA_GAP'],
])('records that are %s', async (_, due, expected) => {
  expect(await fateOf(due)).toEqual([expected]);
});
