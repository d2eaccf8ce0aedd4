import type { Column, TableMap } from '@sluice/binlog';
import type { TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { TableRegistry } from '../../src/state/table-registry.ts';
import { TypeNames } from '../../src/state/type-names.ts';

const NAME = { database: 'shop', table: 'users' };

function mapOf(columns: Readonly<Record<string, string>>): TableMap {
  const described = Object.entries(columns).map(([name, sqlType]) => ({ name, sqlType }) as Column);
  return { ...NAME, columns: described } as unknown as TableMap;
}

function describedAs(columns: Readonly<Record<string, string>>): TableDescription {
  const rows = Object.entries(columns).map(([name, type]) => ({ COLUMN_NAME: name, COLUMN_TYPE: type }));
  return { ...NAME, columns: rows } as unknown as TableDescription;
}

/** The history's newest version of the table. */
function registryOf(columns: Readonly<Record<string, string>>): TableRegistry {
  const registry = new TableRegistry('shop');
  const typed = Object.entries(columns).map(([name, type]) => ({
    name,
    type,
    nullable: false,
    charset: null,
  }));
  registry.restore({ ...NAME, version: 3, columns: typed, keyColumns: ['id'], sequence: '' });
  return registry;
}

const names = (registry: TableRegistry, described: readonly TableDescription[] = []): TypeNames =>
  new TypeNames({ isMariadb: true, registry, described });

const BINARY = { id: 'binary(16)', ip: 'binary(4)', n: 'int' };

describe('types of BINARY columns', () => {
  test('are those of the history, whatever the table has become since', () => {
    const types = names(registryOf({ id: 'uuid', ip: 'binary(4)', n: 'int' }));
    const map = mapOf(BINARY);
    expect(types.areUnknown(map)).toBe(false);
    expect([...types.of(map)]).toEqual([['id', 'uuid']]);
  });

  test('are asked for where the history knows no such column', () => {
    const types = names(registryOf({ id: 'uuid' }));
    const map = mapOf(BINARY);
    expect(types.areUnknown(map)).toBe(true);
    types.learn(map, describedAs({ id: 'binary(16)', ip: 'inet4 /* old */', n: 'int(11)' }));
    expect([...types.of(map)]).toEqual([
      ['id', 'uuid'],
      ['ip', 'inet4'],
    ]);
  });

  test('are an error where nothing tells them', () => {
    const types = names(registryOf({ id: 'uuid' }));
    for (const description of [null, describedAs({ id: 'uuid', ip: 'binary(16)' })]) {
      expect(() => types.learn(mapOf(BINARY), description)).toThrow(PipelineError);
    }
  });

  test('are those of the server where the stream begins anew', () => {
    const types = names(registryOf({ id: 'inet6' }), [describedAs({ id: 'uuid' })]);
    const map = mapOf({ id: 'binary(16)' });
    expect(types.areUnknown(map)).toBe(false);
    expect([...types.of(map)]).toEqual([['id', 'uuid']]);
  });

  test('are asked for again when a statement names the table', () => {
    const types = names(registryOf({ id: 'binary(16)', n: 'int' }));
    types.noteDdl('ALTER TABLE orders ADD x int');
    expect(types.toRenew).toEqual([]);
    types.noteDdl('ALTER TABLE `Users` MODIFY id uuid');
    expect(types.toRenew).toEqual([NAME]);
    expect(types.renewed(describedAs({ id: 'uuid', n: 'bigint' }))?.columns).toMatchObject([
      { name: 'id', type: 'uuid' },
      { name: 'n', type: 'int' },
    ]);
    expect(types.renewed(describedAs({ id: 'binary(16)', n: 'int' }))).toBeNull();
  });

  test('are plain on MySQL, which has no others', () => {
    const types = new TypeNames({ isMariadb: false, registry: registryOf({}), described: [] });
    expect(types.areUnknown(mapOf(BINARY))).toBe(false);
    expect(types.of(mapOf(BINARY)).size).toBe(0);
  });
});
