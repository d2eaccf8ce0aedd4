import type { Column, TableMap } from '@sluice/binlog';
import type { TableDescription } from '@sluice/mysql';
import { TopicRouting } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { wordsBehindNames, type WordsBehindNames } from '../../src/ddl/words-behind-names.ts';
import { ColumnCatalog, leftOutOf } from '../../src/catalog/column-catalog.ts';

const NAME = { database: 'shop', table: 'users' };

function mapOf(columns: Readonly<Record<string, string>>): TableMap {
  const described = Object.entries(columns).map(([name, sqlType]) => ({ name, sqlType }) as Column);
  return { ...NAME, columns: described, primaryKey: [] } as unknown as TableMap;
}

function describedAs(columns: Readonly<Record<string, string>>): TableDescription {
  const rows = Object.entries(columns).map(([name, type]) => ({
    COLUMN_NAME: name,
    COLUMN_TYPE: type,
    IS_NULLABLE: 'NO',
    CHARACTER_SET_NAME: null,
    EXTRA: '',
  }));
  return { ...NAME, columns: rows } as unknown as TableDescription;
}

function generated(columns: Readonly<Record<string, string>>, which: string): TableDescription {
  const rows = Object.entries(columns).map(([name, type]) => ({
    COLUMN_NAME: name,
    COLUMN_TYPE: type,
    IS_NULLABLE: 'YES',
    CHARACTER_SET_NAME: null,
    EXTRA: name === which ? 'VIRTUAL GENERATED' : '',
  }));
  return { ...NAME, columns: rows } as unknown as TableDescription;
}

/** The history's newest version of the table. */
function registryOf(
  columns: Readonly<Record<string, string>>,
  leftOut: readonly string[] = [],
): TableRegistry {
  const registry = new TableRegistry(new TopicRouting({ prefix: 'shop' }));
  const typed = Object.entries(columns).map(([name, type]) => ({
    name,
    type,
    nullable: false,
    charset: null,
  }));
  registry.restore({
    ...NAME,
    version: 3,
    columns: typed,
    keyColumns: ['id'],
    leftOut: [...leftOut],
    sequence: '',
  });
  return registry;
}

/** A server that tells generated columns' values. */
const server = { flavour: 'mariadb', version: '10.11.18-MariaDB' } as const;

const names = (registry: TableRegistry, described: readonly TableDescription[] = []): ColumnCatalog =>
  new ColumnCatalog({ server, registry, described });

const BINARY = { id: 'binary(16)', ip: 'binary(4)', n: 'int' };

describe('types of BINARY columns', () => {
  test('are those of the history, whatever the table has become since', () => {
    const types = names(registryOf({ id: 'uuid', ip: 'binary(4)', n: 'int' }));
    const map = mapOf(BINARY);
    expect(types.lacks(map)).toBe(false);
    expect([...types.factsOf(map).namedTypes]).toEqual([['id', 'uuid']]);
  });

  test('are asked for where the history knows no such column', () => {
    const types = names(registryOf({ id: 'uuid' }));
    const map = mapOf(BINARY);
    expect(types.lacks(map)).toBe(true);
    types.learn(map, describedAs({ id: 'binary(16)', ip: 'inet4 /* old */', n: 'int(11)' }));
    expect([...types.factsOf(map).namedTypes]).toEqual([
      ['id', 'uuid'],
      ['ip', 'inet4'],
    ]);
  });

  test('are named and left out where nothing tells them', () => {
    const types = names(registryOf({ id: 'uuid' }));
    for (const description of [null, describedAs({ id: 'uuid', ip: 'binary(16)' })]) {
      const map = mapOf(BINARY);
      expect(types.learn(map, description)).toEqual(['ip']);
      expect(types.factsOf(map)).toEqual({ namedTypes: new Map([['id', 'uuid']]), leftOut: new Set(['ip']) });
    }
  });

  test('are those of the server where the stream begins anew', () => {
    const types = names(registryOf({ id: 'inet6' }), [describedAs({ id: 'uuid' })]);
    const map = mapOf({ id: 'binary(16)' });
    expect(types.lacks(map)).toBe(false);
    expect([...types.factsOf(map).namedTypes]).toEqual([['id', 'uuid']]);
  });

  test('are asked for again when another table has got the name', () => {
    const types = names(registryOf({ id: 'binary(16)', n: 'int' }));
    expect(types.mayRenew({ database: 'shop', table: 'orders' })).toBe(false);
    expect(types.mayRenew(NAME)).toBe(true);
    expect(types.renewed(describedAs({ id: 'uuid', n: 'bigint' }), null)?.columns).toMatchObject([
      { name: 'id', type: 'uuid' },
      { name: 'n', type: 'bigint' },
    ]);
    expect(types.renewed(describedAs({ id: 'binary(16)', n: 'int' }), null)).toBeNull();
  });

  test.each([
    ['binary(16)', 'ALTER TABLE users MODIFY id uuid NOT NULL', 'uuid', 'uuid'],
    ['binary(16)', 'alter table users change `Id` id UUID', 'uuid', 'uuid'],
    // What the server says is of a later statement.
    ['binary(16)', 'ALTER TABLE users ADD x int AFTER id', 'uuid', 'binary(16)'],
    ['binary(16)', 'ALTER TABLE users DROP PRIMARY KEY, ADD PRIMARY KEY (id)', 'uuid', 'binary(16)'],
    ['binary(16)', 'ALTER TABLE users MODIFY id uuid', 'inet6', 'uuid'],
    ['uuid', 'ALTER TABLE users MODIFY id BINARY(16)', 'inet6', 'binary(16)'],
    ['uuid', 'ALTER TABLE users MODIFY id CHAR(16) BYTE', 'uuid', 'binary(16)'],
  ])('%s behind %s, of which the server says %s, is %s', (before, sql, now, expected) => {
    const types = names(registryOf({ id: before }));
    types.renewed(describedAs({ id: now }), wordsBehindNames(sql, { flavour: 'mariadb', sqlMode: 0 }));
    const map = mapOf({ id: 'binary(16)' });
    expect(types.lacks(map)).toBe(false);
    const found = expected === 'binary(16)' ? [] : [['id', expected]];
    expect([...types.factsOf(map).namedTypes]).toEqual(found);
  });

  test('are plain on MySQL, which has no others', () => {
    const types = new ColumnCatalog({
      server: { flavour: 'mysql', version: '9.7.0' },
      registry: registryOf({}),
      described: [],
    });
    expect(types.lacks(mapOf(BINARY))).toBe(false);
    expect(types.factsOf(mapOf(BINARY)).namedTypes.size).toBe(0);
  });
});

describe('generated columns', () => {
  const newer = { flavour: 'mariadb', version: '11.8.9-MariaDB' } as const;
  const catalog = (registry: TableRegistry, described: readonly TableDescription[] = []): ColumnCatalog =>
    new ColumnCatalog({ server: newer, registry, described });
  const map = mapOf({ id: 'int', twice: 'int', n: 'int' });
  const description = generated({ id: 'int(11)', twice: 'int(11)', n: 'int(11)' }, 'twice');

  test('are asked for where the history does not know them, and left out', () => {
    const columns = catalog(registryOf({ id: 'int' }));
    expect(columns.lacks(map)).toBe(true);
    expect(columns.learn(map, description)).toEqual([]);
    expect([...columns.factsOf(map).leftOut]).toEqual(['twice']);
  });

  test('are no key columns: what a table that is gone was identified by is known', () => {
    const columns = catalog(registryOf({}));
    const keyed = { ...map, primaryKey: [0] };
    expect(columns.lacks(keyed)).toBe(true);
    expect(columns.learn(keyed, null)).toEqual(['twice', 'n']);
    expect([...columns.factsOf(keyed).leftOut]).toEqual(['twice', 'n']);
  });

  test('are those of the history, whatever they have become since', () => {
    const columns = catalog(registryOf({ id: 'int', n: 'int' }, ['twice']));
    expect(columns.lacks(map)).toBe(false);
    expect([...columns.factsOf(map).leftOut]).toEqual(['twice']);
  });

  test('make a new version when a statement has made an ordinary column of one', () => {
    const columns = catalog(registryOf({ id: 'int', n: 'int' }, ['twice']));
    expect(columns.mayRenew(NAME)).toBe(true);
    const behind = (sql: string): WordsBehindNames =>
      wordsBehindNames(sql, { flavour: 'mariadb', sqlMode: 0 });
    expect(columns.renewed(description, behind('ALTER TABLE users MODIFY twice int'))).toBeNull();
    const ordinary = generated({ id: 'int(11)', twice: 'int(11)', n: 'int(11)' }, '');
    expect(columns.renewed(ordinary, behind('ALTER TABLE users ADD x int'))).toBeNull();
    expect(columns.renewed(ordinary, behind('ALTER TABLE users MODIFY twice int'))).toMatchObject({
      columns: [{ name: 'id' }, { name: 'twice' }, { name: 'n' }],
      leftOut: [],
    });
  });

  test('that are computed before their AUTO_INCREMENT is counted are left out by every server', () => {
    const row = (name: string, extra: string, expression: string | null = null) => ({
      COLUMN_NAME: name,
      COLUMN_TYPE: 'int(11)',
      IS_NULLABLE: 'YES',
      CHARACTER_SET_NAME: null,
      EXTRA: extra,
      GENERATION_EXPRESSION: expression,
    });
    const counted = {
      ...NAME,
      columns: [
        row('Id', 'auto_increment'),
        row('n', ''),
        row('of n', 'VIRTUAL GENERATED', '`n` + 1'),
        row('of both', 'VIRTUAL GENERATED', '`n` + `of id`'),
        row('of id', 'VIRTUAL GENERATED', '`id` + 1'),
      ],
    } as unknown as TableDescription;
    expect(leftOutOf(counted, server)).toEqual(['of id', 'of both']);
    expect(leftOutOf(counted, newer)).toEqual(['of n', 'of both', 'of id']);
    expect(leftOutOf(counted, { flavour: 'mysql', version: '9.7.0' })).toEqual([]);
    const all = mapOf({ Id: 'int', n: 'int', 'of n': 'int', 'of both': 'int', 'of id': 'int' });
    const columns = names(registryOf({ Id: 'int', n: 'int', 'of n': 'int' }, ['of id', 'of both']));
    expect(columns.lacks(all)).toBe(false);
    expect([...columns.factsOf(all).leftOut]).toEqual(['of both', 'of id']);
    // Of a table that is met for the first time the server tells it.
    const first = names(new TableRegistry(new TopicRouting({ prefix: 'shop' })));
    expect(first.lacks(all)).toBe(true);
    expect(first.learn(all, counted)).toEqual([]);
    expect([...first.factsOf(all).leftOut]).toEqual(['of both', 'of id']);
    expect(first.lacks(all)).toBe(false);
    // Of one that has got the name, or a column by a statement, too.
    const other = names(registryOf({ id: 'int', n: 'int', 'of id': 'int' }));
    expect(other.mayRenew(NAME)).toBe(true);
    const again = counted.columns.map((column) =>
      column.COLUMN_NAME === 'Id' ? { ...column, COLUMN_NAME: 'id' } : column,
    );
    expect(other.renewed({ ...counted, columns: again }, null)).toMatchObject({
      leftOut: ['of id', 'of both'],
    });
    expect([...other.factsOf(all).leftOut]).toEqual([]);
    expect(other.lacks(all)).toBe(false);
    expect([...other.factsOf(all).leftOut]).toEqual(['of both', 'of id']);
  });

  test('are columns like any other on servers that tell them', () => {
    expect(leftOutOf(description, server)).toEqual([]);
    expect(leftOutOf(description, newer)).toEqual(['twice']);
  });
});

describe('a hidden hash of a UNIQUE key (MariaDB)', () => {
  const server = { flavour: 'mariadb', version: '10.11.18' } as const;
  const map = mapOf({ id: 'int', url: 'text', DB_ROW_HASH_1: 'bigint unsigned' });

  test.each([
    [
      'is left out, and nothing is unknown, when the server does not show it',
      { id: 'int', url: 'text' },
      ['DB_ROW_HASH_1'],
    ],
    [
      'is a column of its own when the server shows one of that name',
      { id: 'int', url: 'text', DB_ROW_HASH_1: 'bigint' },
      [],
    ],
  ])('%s', (_what, shown, leftOut) => {
    // An earlier version may have published it: the history is not asked.
    const registry = registryOf({ id: 'int', url: 'text', DB_ROW_HASH_1: 'bigint unsigned' });
    const catalog = new ColumnCatalog({ server, registry, described: [] });
    expect(catalog.lacks(map)).toBe(true);
    expect(catalog.learn(map, describedAs(shown))).toEqual([]);
    expect([...catalog.factsOf(map).leftOut]).toEqual(leftOut);
  });
});
