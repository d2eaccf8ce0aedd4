import { isFor, TYPE_FAMILIES, type ServerKind, type TypeCase } from '@sluice/binlog/type-cases';
import { isAtLeast, parseVersion } from '@sluice/mysql';
import { COLUMN_TABLES } from './column-tables.ts';
import { WHOLE_TABLES } from './whole-tables.ts';
import type { ValueRow, ValueTable } from './value-table.ts';

/** Every table of the conformance run on this kind of server. */
export function valueTables(server: ServerKind): ValueTable[] {
  const types = TYPE_FAMILIES.flatMap(({ title, cases }) =>
    cases.map((each) => ({ ...each, family: title })),
  );
  const typed = types
    .map((each, index) => ({ table: typeTable(`t${index}`, each), only: each.only }))
    .filter(({ only }) => isFor(only, server));
  const whole = WHOLE_TABLES.filter(({ only }) => isFor(only, server)).map(({ table, generated }) => ({
    table: leavesOutGenerated(server) && generated !== undefined ? without(table, generated) : table,
  }));
  return [...[...typed, ...whole].map(({ table }) => table), ...COLUMN_TABLES];
}

/** Of every kind of key, which the first word of a table's title tells, the table with the most rows. */
export function shortForm(tables: readonly ValueTable[]): ValueTable[] {
  const keyed = tables.filter(({ key }) => key.length > 1);
  const kinds = Map.groupBy(keyed, ({ title }) => /^\w+/.exec(title)?.[0]);
  return [...kinds.values()].flatMap((kind) =>
    kind.toSorted((a, b) => b.rows.length - a.rows.length).slice(0, 1),
  );
}

function leavesOutGenerated({ flavour, version }: ServerKind): boolean {
  return flavour === 'mariadb' && isAtLeast(parseVersion(version), 11);
}

function without(table: ValueTable, names: readonly string[]): ValueTable {
  return { ...table, columns: table.columns.filter((column) => !names.includes(column)), absent: names };
}

/** Types that no primary key can be made of, or only of a part of the value; FLOAT and DOUBLE have a table of their own. */
const NO_KEY =
  /^char\(0\)|^float|^double|text|blob|json|vector|compressed|point|geom|linestring|polygon|varchar\(2000\)/;

/** The value in a column of its own and, where the type allows it, in the key. */
function typeTable(
  name: string,
  { type, about, values, family }: TypeCase & { readonly family: string },
): ValueTable {
  const inKey = !NO_KEY.test(type);
  const pairs = values.map((value) => (typeof value === 'string' ? ([value, undefined] as const) : value));
  const rows = pairs.map(([sql, json]) => valueRow(sql, json, inKey));
  const [[first, firstJson]] = pairs as [(typeof pairs)[number]];
  const allNull = valueRow('NULL', 'null', false);
  const keyOfNull = inKey ? valueRow(first, firstJson, true) : allNull;
  rows.push({
    sql: { ...keyOfNull.sql, ...allNull.sql },
    json: { ...keyOfNull.json, ...allNull.json },
  });
  const keyColumn = inKey ? `, k ${type.replace(/ null$/, '')} NOT NULL` : '';
  return {
    name,
    family,
    title: about === undefined ? type : `${type}, ${about}`,
    definition: `id int NOT NULL, v ${type}${keyColumn}, PRIMARY KEY (${inKey ? 'k, ' : ''}id)`,
    key: inKey ? ['k', 'id'] : ['id'],
    columns: inKey ? ['v', 'k'] : ['v'],
    rows,
  };
}

function valueRow(sql: string, json: string | undefined, inKey: boolean): ValueRow {
  const names = inKey ? ['v', 'k'] : ['v'];
  const each = (text: string): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, text]));
  return { sql: each(sql), json: json === undefined ? {} : each(json) };
}
