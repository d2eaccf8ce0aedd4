import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeDecision, encodeDecision, type Decision } from '../../src/dead-letters/decisions.ts';
import { haltedError, haltState, settingsDigest } from '../../src/dead-letters/halt.ts';
import { strictRecords } from '../../src/dead-letters/strict-tables.ts';
import { TopicRouting } from '@sluice/envelope';
import { parseConfig } from '@sluice/runtime';
import { sinkBaseSchema } from '../../src/settings.ts';

const halt = {
  at: 1_795_252_177_716,
  settings: 'abc',
  code: 'REDIS_WRONG_TYPE',
  message: 'm',
  topic: 't',
  partition: 1,
  offset: '9',
  accepted: null,
};

describe('a decision', () => {
  const decisions: readonly Decision[] = [
    {
      kind: 'letter',
      id: 'shop.shop.a-1-2',
      value: { at: 1, by: 'me', outcome: 'failed', failedAt: 3, replays: 2, reason: 'MYSQL_DUPLICATE' },
    },
    { kind: 'letter', id: 'a:b-0-1', value: null },
    { kind: 'halt', value: halt },
    {
      kind: 'rewind',
      topic: 'shop.shop.a',
      partition: 3,
      value: { at: 1, by: 'x', offset: '12', acceptGap: true },
    },
    { kind: 'rewind', topic: 'shop.shop.a', partition: 3, value: null },
    {
      kind: 'incomplete',
      topic: 'shop.shop.a',
      partition: 3,
      value: { at: 1, from: '12', jobs: { 'shop.a': 's1@0010000020000000100' }, whole: [] },
    },
    { kind: 'incomplete', topic: 'shop.shop.a', partition: 3, value: null },
    {
      kind: 'skipped',
      topic: 'shop.shop',
      partition: 3,
      table: 'shop.`a/1.b`',
      value: { at: 1, operations: ['delete', 'insert'], job: null },
    },
    { kind: 'skipped', topic: 'shop.shop', partition: 3, table: 'shop.a', value: null },
  ];
  test.each(decisions)('goes through Kafka: $kind', (decision) => {
    const { key, value } = encodeDecision(decision);
    expect(decodeDecision(key, value)).toEqual(decision);
  });

  test('of an earlier version, and of a later one', () => {
    const earlier = JSON.parse(
      readFileSync(new URL('./earlier-decisions.json', import.meta.url), 'utf8'),
    ) as readonly { readonly key: string; readonly value: string }[];
    for (const { key, value } of earlier) {
      const decide = (members: object): Decision =>
        decodeDecision(
          Buffer.from(key),
          Buffer.from(JSON.stringify({ ...(JSON.parse(value) as object), ...members })),
        );
      const decision = decide({});
      expect(decision.value).toEqual(JSON.parse(value));
      expect(decide({ later: { a: 1 } })).toEqual(decision);
      expect(String(encodeDecision(decision).value)).toBe(value);
      expect(() => decide({ version: 2 })).toThrow(expect.objectContaining({ code: 'RECORD_TOO_NEW' }));
    }
  });

  test.each([
    ['', '{}'],
    ['letter:a-0-1', 'no json'],
    ['letter:a-0-1', '{"at":1,"by":"me","outcome":"burned","failedAt":1,"replays":0}'],
    ['rewind:topic', null],
    ['promise:x', null],
  ])('that no version writes is refused: %s %s', (key, value) => {
    const bytes = value === null ? null : Buffer.from(value);
    expect(() => decodeDecision(Buffer.from(key), bytes)).toThrow(
      expect.objectContaining({ code: 'DECISIONS_CORRUPT' }),
    );
  });
});

describe('a halt', () => {
  test('stands until it is accepted or the settings are others', () => {
    const accepted = { at: 2, by: 'me', reason: 'mended' };
    expect(haltState(null, 'abc')).toBe('none');
    expect(haltState(halt, 'abc')).toBe('stopped');
    expect(haltState(halt, 'abd')).toBe('lifted');
    expect(haltState({ ...halt, accepted }, 'abc')).toBe('none');
  });

  test('says since when and why', () => {
    const error = haltedError('redis', halt);
    expect([error.code, error.errorClass]).toEqual(['DIVERSION_HALTED', 'fatal']);
    expect(error.message).toContain('2026-11-21T09:09:37.716Z');
    expect(error.message).toContain('REDIS_WRONG_TYPE');
  });

  test('does not depend on ports and passwords, but on every other setting', () => {
    const digest = (settings: Readonly<Record<string, unknown>>): string => {
      const text = "pipeline: p\nsource: { host: h, user: u, tables: ['*.*'] }\nkafka: { brokers: [a:1] }";
      const parsed = sinkBaseSchema.loose().parse(settings);
      return settingsDigest(parseConfig(text, {}), 'redis', parsed);
    };
    const plain = digest({ password: 'a' });
    expect(digest({ password: 'b', ops: { port: 1 } })).toBe(plain);
    expect(digest({ password: 'a', quickRetries: 4 })).not.toBe(plain);
  });
});

describe('strict tables', () => {
  const routing = new TopicRouting({ prefix: 'p' });
  const topics = ['orders', 'order.lines', 'x'].map((table) => routing.topicOf('shop', table));
  const ask = (strict: boolean, strictTables: readonly string[]): boolean[] =>
    topics.map((topic) => strictRecords({ strict, strictTables }, routing)(topic, '{"id":1}'));

  test('by name, by database, or all', () => {
    expect(ask(false, [])).toEqual([false, false, false]);
    expect(ask(true, [])).toEqual([true, true, true]);
    expect(ask(false, ['shop.orders'])).toEqual([true, false, false]);
    expect(ask(false, ['shop.*'])).toEqual([true, true, true]);
    expect(ask(false, ['store.*'])).toEqual([false, false, false]);
    expect(ask(false, ['shop.order.lines'])).toEqual([false, true, false]);
    expect(ask(false, ['`shop`.`order.lines`'])).toEqual([false, true, false]);
  });

  test.each([
    ['{"$table":"orders","id":1}', ['shop.orders'], true],
    ['{"$table":"orders","id":1}', ['shop.lines', 'crm.*'], false],
    ['{"$table":"orders","id":1}', ['shop.*'], true],
    ['unreadable', ['shop.orders'], true],
    [null, ['shop.lines'], true],
    [null, ['crm.orders'], false],
  ])('in a topic of a database: %s, %j', (key, strictTables, isStrict) => {
    const shared = new TopicRouting({ prefix: 'p', strategy: 'database' });
    expect(strictRecords({ strict: false, strictTables }, shared)('p.shop', key)).toBe(isStrict);
  });

  test('where nothing tells the database, a key without its table may be any of these names', () => {
    const shared = new TopicRouting({ prefix: 'p', template: '{table}' });
    const ask = (name: string, key: string | null): boolean =>
      strictRecords({ strict: false, strictTables: [name] }, shared)('p.orders', key);
    expect([ask('shop.orders', null), ask('shop.lines', null), ask('shop.*', null)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(ask('shop.orders', '{"$database":"crm","id":1}')).toBe(false);
  });
});
