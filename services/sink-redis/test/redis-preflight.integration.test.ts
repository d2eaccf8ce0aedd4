import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startStack } from '@sluice/local-stack';
import { createLogger, Registry } from '@sluice/runtime';
import type { Sink } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { Redis } from 'ioredis';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { redisConfigSchema } from '../src/config.ts';
import { redisSink } from '../src/redis-sink.ts';
import { hashScript, jsonScript } from '../src/scripts.ts';

const stack = await startStack({ servers: ['redis'] });
const admin = new Redis(stack.redis.url);
afterAll(async () => {
  admin.disconnect();
  await stack.stop();
});

const column = { name: 'id', type: 'int', nullable: false, charset: null };

/** A sink whose user may do what the rules say. */
async function sinkOf(
  format: 'json' | 'hash',
  rules: readonly string[],
): Promise<{ sink: Sink; user: string; database: string }> {
  const user = `u${randomUUID().slice(0, 8)}`;
  const database = `d${randomUUID().slice(0, 8)}`;
  await admin.call('ACL', 'SETUSER', user, 'on', '>x', ...rules);
  const { host } = new URL(stack.redis.url);
  const config = redisConfigSchema.parse({ url: `redis://${user}:x@${host}`, format });
  const sink = redisSink.create(config, {
    pipeline: 'test',
    name: 'redis',
    section: 'sinks.redis',
    named: null,
    prefix: 'test',
    group: `test.${user}`,
    tombstoneLifeMs: 60_000,
    sourceTables: [`${database}.*`],
    hasProgress: async () => false,
    log: createLogger('test', { level: 'silent' }),
    registry: new Registry(),
  });
  onTestFinished(async () => {
    await sink.close();
    await admin.call('ACL', 'DELUSER', user);
    const keys = await admin.keys(`*${database}*`);
    await admin.del(`sluice:marker:test.${user}`, ...keys);
  });
  return { sink, user, database };
}

async function message(sink: Sink): Promise<string> {
  const error = await sink.open(new AbortController().signal).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'PREFLIGHT_FAILED' });
  return (error as Error).message;
}

/** Runs the ACL SETUSER of the message. */
async function runFix(text: string): Promise<void> {
  const [, words = ''] = /Fix: ACL (SETUSER .+?) \(and/.exec(text) ?? [];
  await admin.call('ACL', ...words.split(' '));
}

test.each(['json', 'hash'] as const)(
  '%s: what the ACL does not allow is listed, and its statement is enough',
  async (format) => {
    const { sink, user, database } = await sinkOf(format, ['+del', '~sluice:*']);
    const text = await message(sink);
    expect(text).toContain(`the ACL of the user of sinks.redis.url: found "${user}" without `);
    for (const rule of ['+set', '+scan', '+evalsha', '+script|load', '+multi', '+exec', '+scard'])
      expect(text).toContain(` ${rule}`);
    expect(text).not.toMatch(/without[^,]* \+del /);
    await runFix(text);
    await sink.open(new AbortController().signal);
    const topic = new TestTopic({ database, table: 'orders', columns: [column], keyColumns: ['id'] });
    const never = new AbortController().signal;
    const rows = [
      topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: { id: 1 } }),
      topic.row({ operation: 'DELETE', sequence: sequenceAt(2), row: { id: 1 } }),
    ];
    for (const row of rows) expect(await sink.write([row], never)).toEqual([{ kind: 'applied' }]);
    expect(await sink.write([topic.truncate(sequenceAt(3))], never)).toEqual([{ kind: 'applied' }]);
    const again = topic.row({ operation: 'INSERT', sequence: sequenceAt(4), row: { id: 1 } });
    const mark = { job: 'j', reconcile: true, since: sequenceAt(5), partitions: 1 };
    const end = topic.snapshotMark(sequenceAt(6), { phase: 'end', ...mark });
    expect(await sink.write([again], never)).toEqual([{ kind: 'applied' }]);
    await sink.keep(end, ['{"id":1}'], sequenceAt(5), never);
    expect(await sink.write([end], never)).toEqual([{ kind: 'applied' }]);
    expect(await admin.exists(`${database}.orders:1`)).toBe(1);
    await sink.ping();
    // The start looks for every command of the scripts, whatever of them this test has run.
    const { source } = format === 'json' ? jsonScript : hashScript;
    const used = [...source.matchAll(/redis\.call\('(\w+)'/g)].map(([, name = '']) => name.toLowerCase());
    expect(used.filter((name) => name !== 'del' && !text.includes(` +${name}`))).toEqual([]);
  },
);

test('keys that the ACL does not cover are listed alone', async () => {
  const { sink, user, database } = await sinkOf('json', ['+@all', '~sluice:*']);
  const text = await message(sink);
  expect(text).toContain(`found "${user}" without ~sluice:* ~${database}.*, needs`);
  await runFix(text);
  await sink.open(new AbortController().signal);
});

test('the shipped ACL is enough, and each of its rules is needed', async () => {
  const file = join(import.meta.dirname, '../../../infra/redis/users.acl');
  const [, rules = ''] = /^user sluice on >\S+ (.+)$/m.exec(await readFile(file, 'utf8')) ?? [];
  const own = (database: string): string[] => rules.replace('~shop.*', `~${database}.*`).split(' ');
  const shipped = await sinkOf('json', []);
  await admin.call('ACL', 'SETUSER', shipped.user, ...own(shipped.database));
  await shipped.sink.open(new AbortController().signal);
  const needed = own('').filter((rule) => rule.startsWith('+'));
  expect(needed).toHaveLength(16);
  for (const rule of needed) {
    const { sink, user, database } = await sinkOf('json', []);
    await admin.call('ACL', 'SETUSER', user, ...own(database).filter((other) => other !== rule));
    expect(`${rule}: ${await message(sink)}`).toMatch(
      new RegExp(`without [^,]*\\${rule.replace('|', '\\|')}\\b`),
    );
  }
});
