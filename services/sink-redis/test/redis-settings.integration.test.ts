import { ADDRESS_VARIABLES, freePorts, startStack } from '@sluice/local-stack';
import { PipelineError } from '@sluice/runtime';
import type { Outcome } from '@sluice/sink-kit';
import { conformanceTopic, itemRow, sequenceAt } from '@sluice/sink-kit/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { testRedis, type TestRedisOptions } from './redis-harness.ts';

/** Servers whose settings no other test may feel. */

const never = new AbortController().signal;

async function ownRedis(...flags: readonly string[]): Promise<string> {
  const { [ADDRESS_VARIABLES.redis]: _shared, ...env } = process.env;
  const stack = await startStack({ servers: ['redis'], flags: { redis: flags }, env });
  onTestFinished(() => stack.stop());
  return stack.redis.url;
}

/** What the sink makes of three rows, and the log lines of its start. */
async function written(url: string, options: TestRedisOptions): Promise<readonly Outcome[]> {
  const redis = testRedis(url, options);
  const topic = conformanceTopic();
  const rows = [1, 2, 3].map((id) =>
    topic.row({ operation: 'INSERT', sequence: sequenceAt(id), row: itemRow(id, 1) }),
  );
  try {
    await redis.sink.open(never);
    return await redis.sink.write(rows, never);
  } finally {
    await redis.sink.close();
    redis.client.disconnect();
  }
}

test('a cluster is refused where the keys of one row lie in several slots', async () => {
  // By default it is 10,000 above the server's own, where somebody else may listen.
  const [busPort] = await freePorts(1);
  const url = await ownRedis('--cluster-enabled', 'yes', '--cluster-port', String(busPort));
  const admin = new Redis(url);
  onTestFinished(() => admin.disconnect());
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await expect.poll(() => admin.cluster('INFO'), { timeout: 10_000 }).toContain('cluster_state:ok');
  const refusal = await written(url, {}).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(PipelineError);
  expect(refusal).toMatchObject({
    code: 'PREFLIGHT_FAILED',
    message: expect.stringContaining('sinks.redis.keyPrefix') as string,
  });
  expect(await written(url, { keyPrefix: '{shop}:' })).toEqual(
    Array.from({ length: 3 }, () => ({ kind: 'applied' })),
  );
});

test('a server that throws keys away is told of at the start', async () => {
  const lines: string[] = [];
  const onLog = (line: string): unknown => lines.push(line);
  const url = await ownRedis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
  await written(url, { onLog });
  expect(lines.join('\n')).toContain('"event":"store.evicts","policy":"allkeys-lru"');
  const admin = new Redis(url);
  onTestFinished(() => admin.disconnect());
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  lines.length = 0;
  await written(url, { onLog });
  expect(lines.join('\n')).not.toContain('store.evicts');
});
