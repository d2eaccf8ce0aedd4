import type { JsonValue, Row, SchemaColumn } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { TargetFixture } from './target-fixture.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;

/** Envelope value → what the target's own text of the column is; `select` where the plain column is no text. */
interface Case {
  readonly type: string;
  readonly value: JsonValue;
  readonly text: string;
  readonly select?: (column: string) => string;
  readonly charset?: string;
}

const hex = (column: string): string => `HEX(${column})`;
const asNumber = (column: string): string => `${column}+0`;

const cases: readonly Case[] = [
  { type: 'tinyint', value: -128, text: '-128' },
  { type: 'smallint unsigned', value: 65535, text: '65535' },
  { type: 'mediumint', value: -8388608, text: '-8388608' },
  { type: 'int unsigned', value: 4294967295, text: '4294967295' },
  { type: 'bigint', value: '-9223372036854775808', text: '-9223372036854775808' },
  { type: 'bigint unsigned', value: '18446744073709551615', text: '18446744073709551615' },
  { type: 'bit(64)', value: '18446744073709551615', text: '18446744073709551615', select: asNumber },
  { type: 'bit(1)', value: 1, text: '1', select: asNumber },
  { type: 'year', value: 0, text: '0', select: asNumber },
  { type: 'year', value: 2026, text: '2026' },
  {
    type: 'decimal(30,10)',
    value: '-12345678901234567890.0000000001',
    text: '-12345678901234567890.0000000001',
  },
  {
    type: 'float',
    value: 3.4028235e38,
    text: '3.4028234663852886e38',
    select: (c) => `CAST(${c} AS DOUBLE)`,
  },
  { type: 'double', value: 0.1, text: '0.1' },
  { type: 'double', value: -1.7976931348623157e308, text: '-1.7976931348623157e308' },
  { type: 'date', value: '0000-00-00', text: '0000-00-00' },
  { type: 'date', value: '2026-02-00', text: '2026-02-00' },
  { type: 'datetime(6)', value: '2026-11-21T09:05:34.233197', text: '2026-11-21 09:05:34.233197' },
  { type: 'datetime', value: '2026-02-31T00:00:00', text: '2026-02-31 00:00:00' },
  { type: 'timestamp(3)', value: '2026-11-21T09:05:34.233Z', text: '2026-11-21 09:05:34.233' },
  { type: 'timestamp', value: '0000-00-00T00:00:00Z', text: '0000-00-00 00:00:00' },
  { type: 'time(6)', value: '-838:59:59.000000', text: '-838:59:59.000000' },
  { type: 'char(4)', value: 'é ', text: 'é', charset: 'latin1' },
  { type: 'varchar(20)', value: 'it\'s \\ "☃"  ', text: 'it\'s \\ "☃"  ', charset: 'utf8mb4' },
  { type: 'longtext', value: '\0\n\r\t\u001a😀', text: '\0\n\r\t\u001a😀', charset: 'utf8mb4' },
  { type: "enum('a','it''s')", value: "it's", text: "it's", charset: 'utf8mb4' },
  { type: "set('x','y')", value: 'x,y', text: 'x,y', charset: 'utf8mb4' },
  { type: 'binary(3)', value: 'AP8A', text: '00FF00', select: hex },
  { type: 'varbinary(8)', value: '', text: '', select: hex },
  { type: 'blob', value: '3q2+7w==', text: 'DEADBEEF', select: hex },
  {
    type: 'point',
    value: { srid: 0, wkb: 'AQEAAAAAAAAAAADwPwAAAAAAAABA' },
    text: '000000000101000000000000000000F03F0000000000000040',
    select: hex,
  },
  {
    type: 'geometry',
    value: { srid: 4326, wkb: 'AQEAAAAAAAAAAADwPwAAAAAAAABA' },
    text: 'E61000000101000000000000000000F03F0000000000000040',
    select: hex,
  },
];

const columns: readonly SchemaColumn[] = [
  { name: 'id', type: 'int', nullable: false, charset: null },
  ...cases.map(({ type, charset }, index) => ({
    name: `c${index}`,
    type,
    nullable: true,
    charset: charset ?? null,
  })),
];
const topic = new TestTopic({ database: 'shop', table: 'every_type', columns, keyColumns: ['id'] });

/** The error value of an ENUM, which a strict session of MariaDB does not take. */
const ENUM_ERROR: [string, JsonValue, JsonValue][] = [["enum('a','b')", '', 'a']];

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('values on %s', (flavour, server) => {
  let fixture: TargetFixture;
  let sink: MysqlSink;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
    sink = fixture.sink();
    await sink.open(never);
  });
  afterEach(async () => {
    await sink.close();
    await fixture.remove();
  });

  const write = async (of: TestTopic, step: number, row: Row): Promise<void> => {
    const operation = step % 2 === 0 ? 'INSERT' : 'UPDATE';
    const [outcome] = await sink.write([of.row({ operation, sequence: sequenceAt(step), row })], never);
    expect(outcome).toEqual({ kind: 'applied' });
  };

  test('every type is stored value for value, by INSERT as by UPDATE', async () => {
    await sink.write([topic.schema(sequenceAt(1))], never);
    const nulls = Object.fromEntries(cases.map((__, index) => [`c${index}`, null]));
    const full = Object.fromEntries(cases.map(({ value }, index) => [`c${index}`, value]));
    await write(topic, 10, { id: 1, ...full });
    await write(topic, 12, { id: 2, ...nulls });
    const written = cases.map(
      ({ select = String }, index) => `CAST(${select(`c${index}`)} AS CHAR) AS c${index}`,
    );
    const sql = `SELECT ${written.join(', ')} FROM ${fixture.table('every_type')} ORDER BY id`;
    const texts = Object.fromEntries(cases.map(({ text }, index) => [`c${index}`, text]));
    expect((await fixture.rows(sql)).map(numbersAlike)).toEqual([numbersAlike(texts), nulls]);
    await write(topic, 13, { id: 2, ...full });
    expect((await fixture.rows(sql)).map(numbersAlike)).toEqual([numbersAlike(texts), numbersAlike(texts)]);
  });

  test.each<[string, JsonValue, JsonValue]>([
    ['bigint', '9223372036854775807', 9007199254740991],
    ['datetime(6)', '2026-11-21T09:05:34.000001', '2026-11-21T09:05:34.000002'],
    ['timestamp', '2026-11-21T09:05:34Z', '2026-11-21T09:05:35Z'],
    ['decimal(10,2)', '1.50', '-1.50'],
    ['varbinary(8)', 'AP8=', ''],
    ['binary(2)', 'AP8=', 'AAA='],
    ['bit(10)', 3, 1023],
    ['year', 0, 2026],
    ['time(3)', '-01:00:00.000', '01:00:00.000'],
    ["enum('a','b')", 'a', 'b'],
    ["set('a','b')", '', 'a,b'],
    ['varchar(20)', "it's", '☃ \\'],
    ['varchar(20)', 'a', 'A'],
    ['varchar(20)', 'a', 'a '],
    ['char(4)', 'ä', ''],
    ['date', '0000-00-00', '2026-02-00'],
    ['datetime', '0000-00-00T00:00:00', '2026-02-31T00:00:00'],
    ['timestamp', '0000-00-00T00:00:00Z', '2026-11-21T09:05:34Z'],
    ['decimal(7,2) unsigned zerofill', '0.00', '7.10'],
    ['int(6) unsigned zerofill', 0, 7],
    ['bit(64)', '18446744073709551615', 0],
    ['uuid', '123e4567-e89b-12d3-a456-426655440000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    ['inet6', '::ffff:192.0.2.1', '2001:db8::ff00:42:8329'],
    ...(flavour === 'MySQL' ? ENUM_ERROR : []),
  ])('a key of type %s finds its row: %j, %j', async (type, one, two) => {
    const charset = /char|enum|set/.test(type) ? 'utf8mb4' : null;
    const key = { name: 'k', type, nullable: false, charset };
    const number = { name: 'n', type: 'int', nullable: false, charset: null };
    const keyed = new TestTopic({
      database: 'shop',
      table: 'keyed',
      columns: [key, number],
      keyColumns: ['k', 'n'],
    });
    await sink.write([keyed.schema(sequenceAt(1))], never);
    for (const k of [one, two]) {
      await write(keyed, 10, { k, n: 1 });
      await write(keyed, 11, { k, n: 1 });
      const late = keyed.row({ operation: 'UPDATE', sequence: sequenceAt(9), row: { k, n: 1 } });
      expect(await sink.write([late], never)).toEqual([{ kind: 'stale' }]);
    }
    const rows = [one, two].map((k) =>
      keyed.row({ operation: 'DELETE', sequence: sequenceAt(20), row: { k, n: 1 } }),
    );
    expect(await sink.write(rows, never)).toEqual([{ kind: 'applied' }, { kind: 'applied' }]);
    expect(await fixture.rows(`SELECT * FROM ${fixture.table('keyed')}`)).toEqual([]);
    // One change at a time, as well as several at once.
    for (const [index, k] of [one, two, one].entries()) {
      await write(keyed, 30 + 4 * index, { k, n: 1 });
      const gone = keyed.row({ operation: 'DELETE', sequence: sequenceAt(32 + 4 * index), row: { k, n: 1 } });
      expect(await sink.write([gone], never)).toEqual([{ kind: 'applied' }]);
      expect(await fixture.rows(`SELECT * FROM ${fixture.table('keyed')}`)).toEqual([]);
    }
  });
});

test('numbers inside JSON keep all their digits', async () => {
  const fixture = await TargetFixture.create(stack.targetMysql, 'shop');
  const sink = fixture.sink();
  try {
    await sink.open(never);
    const json = { name: 'doc', type: 'json', nullable: true, charset: null };
    const docs = new TestTopic({
      database: 'shop',
      table: 'docs',
      columns: [columns[0]!, json],
      keyColumns: ['id'],
    });
    await sink.write([docs.schema(sequenceAt(1))], never);
    const delivery = docs.row({
      operation: 'INSERT',
      sequence: sequenceAt(2),
      row: { id: 1, doc: { n: 0 } },
    });
    const value = Buffer.from(
      Buffer.from(delivery.value).toString().replaceAll('{"n":0}', '{"n":18446744073709551615}'),
    );
    await sink.write([{ ...delivery, value }], never);
    const [row] = await fixture.rows(`SELECT CAST(doc AS CHAR) AS doc FROM ${fixture.table('docs')}`);
    expect(row?.['doc']).toBe('{"n": 18446744073709551615}');
  } finally {
    await sink.close();
    await fixture.remove();
  }
});

/** The flavours write exponents differently: `1e38`, `1e+38`. */
function numbersAlike(row: Record<string, JsonValue>): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replace(/e\+?(\d+)$/, 'e$1') : value,
    ]),
  );
}
