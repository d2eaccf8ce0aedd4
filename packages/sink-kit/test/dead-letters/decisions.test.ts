import { describe, expect, test } from 'vitest';
import { decodeDecision, encodeDecision, type Decision } from '../../src/dead-letters/decisions.ts';
import { haltedError, haltState, settingsDigest } from '../../src/dead-letters/halt.ts';
import { strictTopics } from '../../src/dead-letters/strict-tables.ts';
import { topicName } from '@sluice/envelope';
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
  ];
  test.each(decisions)('goes through Kafka: $kind', (decision) => {
    const { key, value } = encodeDecision(decision);
    expect(decodeDecision(key, value)).toEqual(decision);
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
  const [orders, lines, other] = ['orders', 'order.lines', 'x'].map((table) => topicName('p', 'shop', table));
  const ask = (strict: boolean, strictTables: readonly string[]): boolean[] =>
    [orders, lines, other].map((topic) => strictTopics({ strict, strictTables }, 'p')(topic ?? ''));

  test('by name, by database, or all', () => {
    expect(ask(false, [])).toEqual([false, false, false]);
    expect(ask(true, [])).toEqual([true, true, true]);
    expect(ask(false, ['shop.orders'])).toEqual([true, false, false]);
    expect(ask(false, ['shop.*'])).toEqual([true, true, true]);
    expect(ask(false, ['store.*'])).toEqual([false, false, false]);
  });
});
