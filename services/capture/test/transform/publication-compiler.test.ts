import { ByteWriter } from '@sluice/binlog';
import type { SchemaColumn } from '@sluice/envelope';
import { parseConfig, type TablesConfig } from '@sluice/runtime';
import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HashKey } from '../../src/model/hash-key.ts';
import { PublicationCompiler } from '../../src/transform/publication-compiler.ts';
import { captureTable, ownTopic, type TableSchema } from '../../src/model/table.ts';
import { encoderFor } from '../../src/encode/shaped-encoder.ts';
import { TableEncoder } from '../../src/encode/table-encoder.ts';
import type { ValueImage } from '../../src/model/publication.ts';

const KEY = Buffer.from('0123456789abcdef');
const column = (name: string, type: string, charset: string | null = null): SchemaColumn => ({
  name,
  type,
  nullable: true,
  charset,
});
const text = (name: string, length = 100): SchemaColumn => column(name, `varchar(${length})`, 'utf8mb4');
const SCHEMA: TableSchema = {
  database: 'shop',
  table: 'users',
  columns: [column('id', 'int'), text('email'), text('phone'), column('born', 'date'), text('notes', 20)],
  keyColumns: ['id'],
};

/** The section `tables` as the file gives it, defaults filled in. */
function tables(section: unknown): TablesConfig {
  const base = { pipeline: 'p', source: { host: 'h', user: 'u', tables: ['shop.*'] } };
  const file = { ...base, kafka: { brokers: ['b:1'] }, tables: section };
  return parseConfig(JSON.stringify(file), {}).tables;
}

const columnsOf = (columns: unknown): PublicationCompiler =>
  new PublicationCompiler(tables({ 'shop.users': { columns } }), HashKey.ofBytes(KEY));

/** An image of JSON texts, in the order of the table's columns. */
function image(...values: readonly string[]): ValueImage {
  return {
    isNull: (place) => values[place] === 'null',
    write(place, out) {
      const bytes = Buffer.from(values[place] ?? 'null');
      out.reserve(bytes.length);
      out.position += bytes.copy(out.bytes, out.position);
    },
  };
}

function written(
  compiler: PublicationCompiler,
  row: ValueImage,
  schema = SCHEMA,
): { row: string; key: string } {
  const encoder = encoderFor(captureTable(schema, 1, ownTopic('t'), 1, compiler.compile(schema)), 'shop');
  const [out, key] = [new ByteWriter(8), new ByteWriter(8)];
  encoder.writeRow(row, out);
  encoder.writeKey(row, key);
  return {
    row: out.bytes.toString('utf8', 0, out.position),
    key: key.bytes.toString('utf8', 0, key.position),
  };
}

const hmac = (value: string): string => createHmac('sha256', KEY).update(value).digest('hex');
const columnHmac = (of: string, value: string): string =>
  createHmac('sha256', Buffer.from(hkdfSync('sha256', KEY, '', `hashed column ${of}`, 32)))
    .update(value)
    .digest('hex');
const ROW = image('7', '"a@b.c"', '"555"', '"2001-02-03"', '"näme\\n\\u0001\\"x😀y"');

describe('columns', () => {
  test('a column is left out, masked, hashed, cut, renamed; the rest is as it is', () => {
    const compiler = columnsOf({
      id: { rename: 'user_id' },
      email: { hash: true, rename: 'email_hash' },
      phone: { mask: '"***"' },
      born: { exclude: true },
      notes: { truncate: 6 },
    });
    expect(written(compiler, ROW)).toEqual({
      row: `{"user_id":7,"email_hash":"${hmac('a@b.c')}","phone":"\\"***\\"","notes":"näme\\n\\u0001"}`,
      key: '{"user_id":7}',
    });
    const { plan } = compiler.compile(SCHEMA);
    expect(plan?.keyColumns).toEqual(['user_id']);
    expect(plan?.columns.map(({ column: { name, type } }) => `${name} ${type}`)).toEqual([
      'user_id int',
      'email_hash varchar(100)',
      'phone varchar(100)',
      'notes varchar(6)',
    ]);
  });

  test('with a ring each column has a key of its own, but for those that are linked', () => {
    const ring = HashKey.ofRing([KEY, Buffer.alloc(32, 9)]);
    const columns = {
      email: { hash: true },
      phone: { hash: true, hashLink: 'who' },
      notes: { hash: true, hashLink: 'who' },
    };
    const hashesBy = (key: HashKey, table: string): unknown[] => {
      const compiler = new PublicationCompiler(tables({ [`shop.${table}`]: { columns } }), key);
      const { row } = written(compiler, image('7', '"a"', '"a"', 'null', '"a"'), { ...SCHEMA, table });
      return Object.values(JSON.parse(row) as Record<string, unknown>).filter((value) =>
        /^\w{64}$/u.test(String(value)),
      );
    };
    const [email, phone, notes] = hashesBy(ring, 'users');
    expect(email).toBe(columnHmac('["column","shop","users","email"]', 'a'));
    expect(phone).toBe(columnHmac('["link","who"]', 'a'));
    expect(notes).toBe(phone);
    const others = hashesBy(ring, 'people');
    expect(others[0]).not.toBe(email);
    expect(others[1]).toBe(phone);
    expect(hashesBy(HashKey.ofRing([Buffer.alloc(32, 9), KEY]), 'users')[0]).not.toBe(email);
  });

  test('NULL stays NULL', () => {
    const compiler = columnsOf({ email: { hash: true }, phone: { mask: '*' }, notes: { truncate: 1 } });
    const row = image('7', 'null', 'null', 'null', 'null');
    expect(written(compiler, row).row).toBe('{"id":7,"email":null,"phone":null,"born":null,"notes":null}');
  });

  test.each([
    [1, '"n"'],
    [2, '"nä"'],
    [5, '"näme\\n"'],
    [7, '"näme\\n\\u0001\\""'],
    [9, '"näme\\n\\u0001\\"x😀"'],
    [10, '"näme\\n\\u0001\\"x😀y"'],
    [11, '"näme\\n\\u0001\\"x😀y"'],
  ])('%i characters of a text, never half of one', (truncate, expected) => {
    expect(written(columnsOf({ notes: { truncate } }), ROW).row).toContain(`"notes":${expected}}`);
  });

  test('what is hashed is the text itself, or the JSON of what is no text', () => {
    const compiler = columnsOf({ notes: { hash: true }, born: { hash: true } });
    const { row } = written(compiler, ROW);
    expect(row).toContain(`"notes":"${hmac('näme\n\u0001"x😀y')}"`);
    expect(row).toContain(`"born":"${hmac('2001-02-03')}"`);
    const number = columnsOf({ email: { hash: true } });
    const schema = { ...SCHEMA, columns: [column('id', 'int'), column('email', 'bigint')] };
    expect(written(number, image('1', '42'), schema).row).toBe(`{"id":1,"email":"${hmac('42')}"}`);
  });

  test('a column too short for its new values, or of another type, becomes a text', () => {
    const compiler = columnsOf({ born: { mask: 'hidden' }, notes: { hash: true } });
    const { plan } = compiler.compile(SCHEMA);
    expect(plan?.columns.slice(3).map(({ column: { type, charset } }) => [type, charset])).toEqual([
      ['varchar(6)', 'utf8mb4'],
      ['varchar(64)', 'utf8mb4'],
    ]);
  });

  test('a table without settings has the encoder that knows nothing of them', () => {
    for (const compiler of [
      columnsOf({ email: {} }),
      new PublicationCompiler(tables({ 'other.*': {} }), null),
    ]) {
      expect(compiler.compile(SCHEMA).plan).toBeNull();
      const encoder = encoderFor(captureTable(SCHEMA, 1, ownTopic('t'), 1, compiler.compile(SCHEMA)), 'shop');
      expect(Object.getPrototypeOf(encoder)).toBe(TableEncoder.prototype);
    }
  });
});

describe('what is refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['a hidden key column', { id: { hash: true } }, /columns\.id: found id is a key column of shop\.users/],
    ['cutting what is no text', { born: { truncate: 3 } }, /born\.truncate: found shop\.users\.born is date/],
    [
      'two columns of one name',
      { email: { rename: 'PHONE' } },
      /email and phone are both published as PHONE/,
    ],
    ['a name of the sinks', { email: { rename: '_sequence' } }, /email\.rename: found _sequence/],
  ])('%s', (_, columns, message) => {
    expect(() => columnsOf(columns).compile(SCHEMA)).toThrow(message);
  });

  test('a hash without a key', () => {
    const compiler = new PublicationCompiler(
      tables({ 'shop.*': { columns: { email: { hash: true } } } }),
      null,
    );
    expect(() => compiler.compile(SCHEMA)).toThrow(/email\.hash: found no capture\.hashKeyFile/);
  });

  test('two patterns that say the same setting of a table', () => {
    const section = {
      'shop.*': { columns: { email: { hash: true } } },
      '*.users': { columns: { email: {} } },
    };
    expect(() => new PublicationCompiler(tables(section), HashKey.ofBytes(KEY)).compile(SCHEMA)).toThrow(
      'tables["*.users"].columns.email: found a table that tables["shop.*"].columns.email matches too',
    );
  });

  test('two treatments of one column, or a name for none', () => {
    expect(() => columnsOf({ email: { hash: true, mask: 'x' } })).toThrow(/give only one of/);
    expect(() => columnsOf({ email: { exclude: true, rename: 'x' } })).toThrow(/drop `rename`/);
  });
});

describe('a hidden column that may have got another name', () => {
  const renamed = {
    ...SCHEMA,
    columns: SCHEMA.columns.map((each) => (each.name === 'email' ? text('mail') : each)),
  };

  test('stops the table until the new column is named too', () => {
    const compiler = columnsOf({ email: { mask: '*' } });
    expect(() => compiler.checkSuccession(SCHEMA, renamed)).toThrow(
      /hides column email, which no longer exists, and column mail is new/,
    );
    columnsOf({ email: { mask: '*' }, mail: { mask: '*' } }).checkSuccession(SCHEMA, renamed);
    columnsOf({ email: { mask: '*' }, mail: {} }).checkSuccession(SCHEMA, renamed);
  });

  test('a column that is only dropped, or only added, is none', () => {
    const compiler = columnsOf({ email: { mask: '*' } });
    compiler.checkSuccession(SCHEMA, {
      ...SCHEMA,
      columns: SCHEMA.columns.filter(({ name }) => name !== 'email'),
    });
    compiler.checkSuccession(SCHEMA, { ...SCHEMA, columns: [...SCHEMA.columns, text('more')] });
  });
});

test('operations of all patterns; null when all are published', () => {
  const compiler = new PublicationCompiler(
    tables({ 'shop.*': { operations: ['insert', 'update'] }, '*.users': {} }),
    null,
  );
  expect([...(compiler.compile(SCHEMA).skips ?? [])]).toEqual(['DELETE', 'TRUNCATE']);
  const all = new PublicationCompiler(
    tables({ 'shop.*': { operations: ['insert', 'update', 'delete', 'truncate'] } }),
    null,
  );
  expect(all.compile(SCHEMA).skips).toBeNull();
});

describe('another name of the table', () => {
  const users = { database: 'shop', table: 'users' };
  const people = { database: 'shop', table: 'people' };
  const hides = { EMAIL: { exclude: true } };

  test.each<[string, Record<string, unknown>, string | null]>([
    ['has no setting', { 'shop.users': { columns: hides } }, 'tables["shop.users"].columns.EMAIL'],
    ['has the same one', { 'shop.*': { columns: hides } }, null],
    [
      'says that the column is published',
      { 'shop.users': { columns: hides }, 'shop.people': { columns: { email: {} } } },
      null,
    ],
    ['has no condition', { 'shop.users': { where: 'id > 1' } }, 'tables["shop.users"].where'],
    [
      'has another condition',
      { 'shop.users': { where: 'id > 1' }, 'shop.people': { where: 'id > 2' } },
      null,
    ],
    ['hides less of what is not there', { 'shop.users': { columns: { card: { exclude: true } } } }, null],
    ['hides nothing less', { 'shop.users': { columns: { email: { rename: 'mail' } } } }, null],
  ])('%s', (_what, section, expected) => {
    const compiler = new PublicationCompiler(tables(section), null);
    expect(compiler.exposedBy(users, people, SCHEMA)).toBe(expected);
  });

  test('may show a column of which nothing is known', () => {
    const compiler = new PublicationCompiler(
      tables({ 'shop.users': { columns: { card: { hash: true } } } }),
      null,
    );
    expect(compiler.exposedBy(users, people, null)).toBe('tables["shop.users"].columns.card');
  });

  test('a column is hidden whatever the case of its letters', () => {
    const columns = [column('id', 'int'), text('Email'), text('PHONE')];
    const compiler = columnsOf({ EMAIL: { exclude: true }, phone: { mask: '*' } });
    const { row } = written(compiler, image('1', '"a"', '"b"'), { ...SCHEMA, columns });
    expect(JSON.parse(row)).toEqual({ id: 1, PHONE: '*' });
  });
});

test('the column with the trace of a row is found whatever its case, and not used where it is hidden', () => {
  const place = (section: Parameters<typeof tables>[0], column: string): number | null =>
    new PublicationCompiler(tables(section), HashKey.ofBytes(KEY), column).compile(SCHEMA).traceColumn;
  const email = SCHEMA.columns.findIndex(({ name }) => name === 'email');
  expect(place({}, 'EMAIL')).toBe(email);
  expect(place({}, 'traceparent')).toBeNull();
  const hidden = [{ exclude: true }, { mask: '***' }, { hash: true }, { truncate: 3 }];
  for (const config of hidden)
    expect(place({ 'shop.*': { columns: { email: config } } }, 'email')).toBeNull();
  expect(place({ 'shop.*': { columns: { email: { rename: 'mail' } } } }, 'email')).toBe(email);
});

test('partitionBy takes columns of the key alone, by their names in the source, in the order of the key', () => {
  const keyed = { ...SCHEMA, keyColumns: ['id', 'email', 'born'] };
  const byOf = (section: unknown): readonly string[] | null =>
    new PublicationCompiler(tables(section), null).compile(keyed).partitionBy;
  expect(byOf({ 'shop.users': { where: 'id > 1' } })).toBeNull();
  expect(byOf({ 'shop.users': { partitionBy: ['BORN', 'id'] } })).toEqual(['id', 'born']);
  const columns = { email: { rename: 'mail' } };
  expect(byOf({ 'shop.*': { partitionBy: ['email'] }, 'shop.users': { columns } })).toEqual(['mail']);
  expect(() => byOf({ 'shop.users': { partitionBy: ['id', 'phone'] } })).toThrow(
    /tables\["shop\.users"\]\.partitionBy: found phone, while the key of shop\.users is id, email, born/,
  );
  expect(() => byOf({ 'shop.*': { partitionBy: ['id'] }, 'shop.users': { partitionBy: ['id'] } })).toThrow(
    /partitionBy: found a table that/,
  );
});
