import type { Dialect } from './dialect.ts';

const PLAIN_TABLES = ['orders', 'items', 'people', 'parts', 'logs'];
const NASTY_TABLES = [
  'o r',
  'ü',
  '日本',
  "it's",
  'back`tick',
  'dot.ted',
  'sel"ect',
  'back\\slash',
  'select',
  '1',
  'a-b',
  '$',
];
const ESCAPED_TABLES = ['%p_', 'a:b', '{c}'];
const CASE_TWINS = ['Orders', 'ITEMS'];
const PLAIN_COLUMNS = ['k', 'l', 'm', 'n', 'o', 'p', 'q'];
const NASTY_COLUMNS = ['c d', 'ä', '名前', "q'", 'b`t', 'd.t', 'order', 'ж'.repeat(64)];
const QUOTED_COLUMNS = ['d"q', 'b\\s'];
const NUMBER_COLUMNS = ['2', '1'];
/** But for `_sluice_sequence`, which the MySQL sink refuses by name. */
const OWN_COLUMNS = ['_sequence', '_sluice', '$table'];
const OBJECT_COLUMNS = ['__proto__', 'constructor', 'toString', 'length'];

/** A name that none of these has; undefined when there is none left. */
export function freeTable(dialect: Dialect, taken: readonly string[]): string | undefined {
  const { ingredients } = dialect;
  return choose(dialect, taken, [
    ...PLAIN_TABLES,
    ...(ingredients.has('nasty names') ? NASTY_TABLES : []),
    ...(ingredients.has('escaped names') ? ESCAPED_TABLES : []),
    ...(ingredients.has('case twins') ? CASE_TWINS : []),
  ]);
}

/** A name that none of these has, whatever its case; undefined when there is none left. */
export function freeColumn(dialect: Dialect, taken: readonly string[]): string | undefined {
  const { ingredients } = dialect;
  return choose(dialect, taken, [
    ...PLAIN_COLUMNS,
    ...(ingredients.has('nasty names') ? NASTY_COLUMNS : []),
    ...(ingredients.has('quoted names') ? QUOTED_COLUMNS : []),
    ...(ingredients.has('number names') ? NUMBER_COLUMNS : []),
    ...(ingredients.has('own names') ? OWN_COLUMNS : []),
    ...(ingredients.has('object names') ? OBJECT_COLUMNS : []),
  ]);
}

function choose({ random }: Dialect, taken: readonly string[], names: readonly string[]): string | undefined {
  const free = names.filter((name) => !taken.includes(name));
  return free.length === 0 ? undefined : random.pick(free);
}
