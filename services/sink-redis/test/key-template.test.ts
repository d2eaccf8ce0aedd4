import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row } from '@sluice/envelope';
import { redisConfigSchema } from '../src/config.ts';
import { parseKeyTemplate, templatesMeet } from '../src/key-template.ts';
import { RowKeys } from '../src/row-keys.ts';

function keyOf(template: string, key: Row, keyPrefix = ''): string {
  const rows = { 'shop.users': { keyTemplate: template } };
  return new RowKeys({ keyPrefix, rows }, 'sinks.cache')
    .of({ database: 'shop', table: 'users' })
    .rowKey(key, JSON.stringify(key));
}

test('a template has each column where it names it, behind the prefix', () => {
  expect(keyOf('user:{id}', { id: 42 })).toBe('user:42');
  expect(keyOf('user:{id}', { id: '9007199254740993' }, '{shop}:')).toBe('{shop}:user:9007199254740993');
  expect(keyOf('tenant:{tenant}:user:{id}:row', { id: '7.50', tenant: 'a:b{c}%' })).toBe(
    'tenant:a%3Ab%7Bc%7D%25:user:7%2E50:row',
  );
});

test('keys of a pattern that are of another template are none of the table', () => {
  const rows = {
    'shop.orders': { keyTemplate: 'order:{id}' },
    'shop.lines': { keyTemplate: 'order:{id}:line:{n}' },
  };
  const keys = new RowKeys({ keyPrefix: 'a*', rows }, 'sinks.cache');
  const [orders, lines] = ['orders', 'lines'].map((table) => keys.of({ database: 'shop', table }));
  expect([orders?.pattern, lines?.pattern]).toEqual(['a\\*order:*', 'a\\*order:*:line:*']);
  expect(['a*order:1', 'a*order:1:line:2'].map((key) => orders?.has(key))).toEqual([true, false]);
  expect(['a*order:1', 'a*order:1:line:2', 'a*order:1:line:2:3'].map((key) => lines?.has(key))).toEqual([
    false,
    true,
    false,
  ]);
});

test('a template that names other columns than the key has is refused by the name of its setting', () => {
  for (const key of [{ id: 1, tenant: 2 }, { user: 1 }])
    expect(() => keyOf('user:{id}', key)).toThrow(
      /^sinks\.cache\.rows\["shop\.users"\]\.keyTemplate names id, and the key of the table is /,
    );
});

test.each([
  ['user:id', 'must name the columns of the key in braces'],
  ['user:{}', 'must name the columns of the key in braces'],
  ['user:{id', 'has a brace that no other closes'],
  ['user:{id}:{id}', 'names {id} twice'],
  ['{id}', 'must begin with a word and a colon'],
  ['shop.users:{id}', 'must have no dot'],
  ['user:{id}:x.y', 'must have no dot'],
  ['my user:{id}', 'and no blank'],
  ['user-{id}', 'must begin with a word and a colon'],
  ['user:{a}-{b}', 'must have a colon between {a} and {b}'],
  ['sluice:{id}', 'must not begin with sluice:'],
])('the template %s is refused', (key, message) => {
  const { error } = redisConfigSchema.safeParse({ rows: { 'shop.users': { keyTemplate: key } } });
  expect(error?.issues).toMatchObject([
    { path: ['rows', 'shop.users', 'keyTemplate'], message: expect.stringContaining(message) as string },
  ]);
});

test.each([
  [{ 'shop.*': { keyTemplate: 'user:{id}' } }, 'must be one table'],
  [{ users: {} }, 'must be `database.table`'],
  [{ 'shop.a.b': {} }, 'stands between backticks'],
  [{ 'shop.items': { ttlSeconds: 5 } }, 'is a table that `tables` and `excludeTables` do not leave'],
  [
    { 'shop.a': { keyTemplate: 'user:{id}' }, 'shop.b': { keyTemplate: 'user:{name}' } },
    'that a row of shop.a can have',
  ],
  [
    { 'shop.a': { keyTemplate: 'user:{id}:x' }, 'shop.b': { keyTemplate: 'user:1:{v}' } },
    'that a row of shop.a can have',
  ],
])('rows %j are refused', (rows, message) => {
  const tables = ['shop.users', 'shop.a', 'shop.b'];
  const { error } = redisConfigSchema.safeParse({ tables, rows });
  expect(JSON.stringify(error?.issues)).toContain(message);
});

const word = fc.string({ unit: fc.constantFrom('a', 'b', '-', '%', 'é'), maxLength: 2 });
const template = fc
  .tuple(fc.array(fc.tuple(word, fc.boolean(), word), { minLength: 1, maxLength: 3 }), word)
  .map(
    ([segments, last]) =>
      `a:${segments.map(([before, isValue, after], index) => (isValue ? `${before}{c${index}}${after}` : before)).join(':')}:${last}`,
  );
const value = fc.string({
  unit: fc.constantFrom('a', 'b', '-', ':', '%', '{', '}', '3A', 'é'),
  maxLength: 4,
});
const values = fc.tuple(value, value, value);

test('rows of templates that do not meet never have one key, nor have two rows of one template', () => {
  fc.assert(
    fc.property(template, template, values, values, (one, other, first, second) => {
      fc.pre([one, other].every((text) => text.includes('{')));
      const made = (text: string, from: readonly string[]): string =>
        keyOf(
          text,
          Object.fromEntries(
            parseKeyTemplate(text).columns.map((name) => [name, from[Number(name[1])] ?? '']),
          ),
        );
      if (!templatesMeet(parseKeyTemplate(one), parseKeyTemplate(other)))
        expect(made(one, first)).not.toBe(made(other, second));
      const used = (from: readonly string[]): string =>
        JSON.stringify(parseKeyTemplate(one).columns.map((name) => from[Number(name[1])]));
      expect(made(one, first) === made(one, second)).toBe(used(first) === used(second));
    }),
    { numRuns: 5000 },
  );
});

test('keys that two prefixes make equal have a beginning in common that both claim, in either order', () => {
  const headsOf = (keyPrefix: string, keyTemplate?: string): readonly string[] =>
    new RowKeys(
      { keyPrefix, rows: keyTemplate === undefined ? {} : { 'shop.users': { keyTemplate } } },
      's',
    ).of({
      database: 'shop',
      table: 'users',
    }).heads;
  const meet = (one: readonly string[], other: readonly string[]): boolean =>
    one.some((head) => other.includes(head));
  expect(meet(headsOf('app:', 'user:{id}'), headsOf('', 'app:user:{id}'))).toBe(true);
  expect(meet(headsOf('app:shop.users:', 'x:{id}'), headsOf('app:'))).toBe(true);
  expect(meet(headsOf('', 'user:{id}'), headsOf('', 'order:{id}'))).toBe(false);
  // By a value no key of a template has the dot that those of a table's name have.
  expect(keyOf('app:{tenant}:{id}', { tenant: 'shop.users', id: 1 })).toBe('app:shop%2Eusers:1');
});
