import { TopicRouting } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import {
  inLogOrder,
  matcher,
  parseDeadLetter,
  type DeadLetterFilter,
} from '../../src/dead-letters/dead-letter.ts';
import { itemRow, sequenceAt } from '../../src/testing/index.ts';
import { letter, letterRecord, topic } from './letters.ts';

const routing = new TopicRouting({ prefix: 'test' });
const failed = topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(42, 1) });

describe('a record of a dead-letter topic', () => {
  test('is read by its headers', () => {
    expect(parseDeadLetter(letterRecord(failed), routing)).toEqual({
      id: `${failed.topic}-0-${failed.offset}`,
      topic: failed.topic,
      partition: 0,
      offset: failed.offset,
      table: 'sluice_conformance.items',
      key: '{"id":42}',
      sequence: sequenceAt(1),
      stage: 'apply',
      errorClass: 'record',
      errorCode: 'REDIS_WRONG_TYPE',
      message: 'the key contains a value that is not a row',
      attempts: 4,
      failedAtMs: 1_795_252_177_716,
      place: { partition: 2, offset: 7n },
    });
  });

  test('of a row that never was a record is known by its key, whichever change it was', () => {
    const unpublished = { offset: '', stage: 'publish' };
    const one = parseDeadLetter(letterRecord(failed, unpublished), routing);
    expect(one).toMatchObject({ offset: null, table: 'sluice_conformance.items', stage: 'publish' });
    expect(one?.id).toMatch(new RegExp(`^${failed.topic}-0-[0-9a-f]{16}$`, 'u'));
    const again = { ...letterRecord(failed, { ...unpublished, failed_at: '7' }), offset: 8n };
    expect(parseDeadLetter(again, routing)?.id).toBe(one?.id);
    expect(parseDeadLetter({ ...again, key: Buffer.from('{"id":43}') }, routing)?.id).not.toBe(one?.id);
    // A sink's letter without its place is nobody's.
    expect(parseDeadLetter(letterRecord(failed, { offset: '' }), routing)).toBeNull();
  });

  test('tells its table by its key where the topic does not', () => {
    const shared = new TopicRouting({ prefix: 'test', strategy: 'database' });
    const record = { ...letterRecord(failed, { topic: 'test.shop' }) };
    const key = Buffer.from('{"$table":"orders","id":42}');
    expect(parseDeadLetter({ ...record, key }, shared)).toMatchObject({
      table: 'shop.orders',
      topic: 'test.shop',
    });
    expect(parseDeadLetter({ ...record, key: null }, shared)).toMatchObject({ table: 'test.shop' });
  });

  test('that somebody else wrote is no letter', () => {
    expect(parseDeadLetter({ ...letterRecord(failed), headers: new Map() }, routing)).toBeNull();
    expect(parseDeadLetter(letterRecord(failed, { offset: 'x' }), routing)).toBeNull();
  });

  test('without a time of its own has that of its record; of an unknown topic the topic stands for the table', () => {
    const odd = parseDeadLetter(letterRecord(failed, { failed_at: '', topic: 'elsewhere' }), routing);
    expect(odd).toMatchObject({ failedAtMs: 5, table: 'elsewhere' });
  });
});

describe('a filter', () => {
  const one = letter(3, 1000);
  const cases: readonly [DeadLetterFilter, boolean][] = [
    [{}, true],
    [{ ids: [one.id] }, true],
    [{ ids: [] }, false],
    [{ table: 'shop.items', key: '{"id":3}', error: 'MYSQL_VALUE_REFUSED' }, true],
    [{ table: 'shop.item' }, false],
    [{ table: '`shop`.`items`' }, true],
    [{ key: '{"id":4}' }, false],
    [{ error: 'REDIS_REFUSED' }, false],
    [{ sinceMs: 1000, untilMs: 1001 }, true],
    [{ sinceMs: 1001 }, false],
    [{ untilMs: 1000 }, false],
  ];
  test.each(cases)('%j: %s', (filter, fits) => {
    expect(matcher(filter)(one)).toBe(fits);
  });
});

test('letters are ordered as their records stood, by number and not by text', () => {
  const mixed = [letter(10), letter(9), letter(1, 0, { partition: 1 }), letter(2, 0, { topic: 'a' })];
  expect(mixed.toSorted(inLogOrder).map(({ offset }) => offset)).toEqual([2n, 9n, 10n, 1n]);
});
