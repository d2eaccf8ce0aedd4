import { describe, expect, test } from 'vitest';
import { classifyChange, restoredVersion } from '../../src/catalog/table-version.ts';

const id = { name: 'id', type: 'int', nullable: false, charset: null };
const note = { name: 'note', type: 'varchar(9)', nullable: true, charset: 'utf8mb4' };
const old = { columns: [id, note], keyColumns: ['id'] };

describe('a change of columns', () => {
  test.each([
    ['a further column', [id, note, { ...note, name: 'more' }], 'additive'],
    ['another order', [note, id], 'additive'],
    ['another type', [id, { ...note, type: 'text' }], 'breaking'],
    ['another name', [id, { ...note, name: 'remark' }], 'breaking'],
    ['a column that may be null', [{ ...id, nullable: true }, note], 'breaking'],
    ['another character set', [id, { ...note, charset: 'latin1' }], 'breaking'],
  ])('%s is %s', (_what, columns, change) => {
    expect(classifyChange(old, { columns, keyColumns: ['id'] })).toBe(change);
  });

  test('another key is breaking', () => {
    expect(classifyChange(old, { ...old, keyColumns: ['id', 'note'] })).toBe('breaking');
  });
});

describe('a version of the schema history', () => {
  const record = { database: 'shop', table: 'orders', version: 3, ...old, sequence: 's' };

  test('is of the table itself, unless the record says what was made of it', () => {
    expect(restoredVersion(record)).toMatchObject({
      version: 3,
      schema: old,
      published: old,
      plan: '',
      condition: '',
    });
    const source = {
      columns: [id, note, { ...note, name: 'secret' }],
      keyColumns: ['id'],
      plan: 'p',
      condition: 'c',
    };
    expect(restoredVersion({ ...record, source })).toMatchObject({
      schema: { columns: source.columns },
      published: old,
      plan: 'p',
      condition: 'c',
    });
  });

  test('was published in a topic of its own, unless the record says where', () => {
    expect(restoredVersion(record).routing).toBe('{database}.{table}');
    expect(restoredVersion({ ...record, routing: '{database}' }).routing).toBe('{database}');
  });
});
