import { tableId, TopicRouting } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { parseHistoryRecord } from '../../src/catalog/schema-history-record.ts';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { tablePlace, type TableSchema } from '../../src/model/table.ts';

const id = { name: 'id', type: 'int', nullable: false, charset: null };
const text = { name: 't', type: 'varchar(9)', nullable: true, charset: 'utf8mb4' };
const schema: TableSchema = { database: 'shop', table: 'orders', columns: [id, text], keyColumns: ['id'] };

function registry(): TableRegistry {
  const made = new TableRegistry(new TopicRouting({ prefix: 'p' }));
  made.admit('shop', 'orders', 6);
  return made;
}

describe('TableRegistry', () => {
  test('a schema that is known stays its version, another one is the next', () => {
    const tables = registry();
    expect(tables.register(schema)).toMatchObject({
      change: 'create',
      table: { version: 1, place: { topic: 'p.shop.orders' }, partitions: 6, keyOrdinals: [0] },
    });
    const { table } = tables.register(schema);
    expect(tables.register({ ...schema })).toEqual({ change: 'none', table, previousChange: '' });
    const wider = { ...schema, columns: [id, text, { ...text, name: 'u' }] };
    expect(tables.register(wider)).toMatchObject({ change: 'additive', table: { version: 2 } });
    expect(tables.register(schema)).toMatchObject({ change: 'breaking', table: { version: 3 } });
  });

  test.each([
    ['a type', { ...schema, columns: [id, { ...text, type: 'text' }] }, 'breaking'],
    ['a character set', { ...schema, columns: [id, { ...text, charset: 'latin1' }] }, 'breaking'],
    ['the order of columns', { ...schema, columns: [text, id] }, 'additive'],
    ['the key', { ...schema, keyColumns: ['t'] }, 'breaking'],
  ])('a change of %s', (_what, changed, change) => {
    const tables = registry();
    tables.register(schema);
    expect(tables.register(changed).change).toBe(change);
  });

  test('goes on from the newest version of the schema history', () => {
    const tables = registry();
    for (const version of [1, 2]) tables.restore({ ...record, version });
    expect(tables.register(schema)).toMatchObject({
      change: 'none',
      table: { version: 2 },
      previousChange: record.sequence,
    });
    expect(tables.register({ ...schema, keyColumns: ['t'] })).toMatchObject({
      change: 'breaking',
      previousChange: record.sequence,
    });
  });

  test('finds a table that is admitted', () => {
    const tables = registry();
    expect(tables.find('shop', 'orders')).toBeNull();
    tables.restore(record);
    expect(tables.find('shop', 'orders')).toMatchObject({ version: 1, partitions: 6 });
    tables.restore({ ...record, table: 'gone' });
    expect(tables.find('shop', 'gone')).toBeNull();
  });

  test('spells a name as it is known, and in lower case when it is not', () => {
    const tables = registry();
    tables.restore({ ...record, table: 'Orders' });
    expect(tables.spelled({ database: 'SHOP', table: 'ORDERS' })).toEqual({
      database: 'shop',
      table: 'Orders',
    });
    expect(tables.spelled({ database: 'SHOP', table: 'Lines' })).toEqual({
      database: 'shop',
      table: 'lines',
    });
  });

  test('refuses a table without its topic, and one without its key', () => {
    expect(() => registry().register({ ...schema, table: 'other' })).toThrow(
      expect.objectContaining({ code: 'TOPIC_UNKNOWN' }),
    );
    for (const keyColumns of [[], ['missing']])
      expect(() => registry().register({ ...schema, keyColumns })).toThrow(
        expect.objectContaining({ code: 'TABLE_WITHOUT_KEY' }),
      );
  });
});

const record = {
  ...schema,
  columns: [id, text],
  keyColumns: ['id'],
  version: 1,
  sequence: '0010000020000000700',
};

test('a record of the schema history is read back, or refused as a whole', () => {
  expect(parseHistoryRecord(Buffer.from(JSON.stringify(record)))).toEqual(record);
  for (const broken of ['{', JSON.stringify({ ...record, version: 0 })])
    expect(() => parseHistoryRecord(Buffer.from(broken))).toThrow(
      expect.objectContaining({ code: 'SCHEMA_HISTORY_CORRUPT' }),
    );
});

describe('names of tables', () => {
  test('are never ambiguous, whatever is in them', () => {
    expect(tableId('shop', 'orders')).toBe('shop.orders');
    const ids = [tableId('a.b', 'c'), tableId('a', 'b.c'), tableId('a', '`b`.c'), tableId('`a.b`', 'c')];
    expect(new Set(ids).size).toBe(4);
  });

  test('that are too long for a topic are refused with what to do', () => {
    expect(() => tablePlace(new TopicRouting({ prefix: 'p' }), 'shop', 'б'.repeat(64))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('topics.prefix') as string,
      }),
    );
  });
});
