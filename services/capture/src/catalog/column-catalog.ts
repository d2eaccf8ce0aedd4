import { columnFromInformationSchema, type ColumnFacts, type NamedType, type TableMap } from '@sluice/binlog';
import { tableId, type TableName } from '@sluice/envelope';
import { isAtLeast, parseVersion, quoteIdentifier, type TableDescription } from '@sluice/mysql';
import type { WordsBehindNames } from '../ddl/words-behind-names.ts';
import type { TableRegistry } from './table-registry.ts';
import { schemaColumns, type TableSchema } from '../model/table.ts';

/** A column by its SQL type; null: generated, and not in all images of its row. */
interface KnownColumn {
  readonly name: string;
  readonly type: string | null;
}

interface Resolved {
  readonly facts: ColumnFacts;
  /** Columns of which something is open: left out. */
  readonly unknown: readonly string[];
}

/** Types that look alike in a table map, and their bytes. */
const LENGTHS: Readonly<Record<string, number>> = {
  uuid: 16,
  inet6: 16,
  inet4: 4,
  'binary(16)': 16,
  'binary(4)': 4,
};
/** Words that define a column of one of these types. `CHAR(16) BYTE` is BINARY too. */
const SAID: Readonly<Record<string, string>> = {
  uuid: 'uuid',
  inet6: 'inet6',
  inet4: 'inet4',
  binary: 'binary',
  char: 'binary',
};
/** MariaDB's hidden columns behind a UNIQUE key that is too long for an index: no SELECT and no information_schema has them. */
const ROW_HASH = /^DB_ROW_HASH_\d+$/u;

export function isRowHash(column: string): boolean {
  return ROW_HASH.test(column);
}

/** From this version on MariaDB leaves generated columns out of the images of an UPDATE or a DELETE. */
const LEAVES_OUT_SINCE = 11;

/** Which servers have something that their table maps do not tell. */
export interface ServerFlavour {
  readonly flavour: 'mysql' | 'mariadb';
  readonly version: string;
}

export interface ColumnCatalogOptions {
  readonly server: ServerFlavour;
  /** Whose newest versions tell of the columns at the place where the stream is. */
  readonly registry: TableRegistry;
  /** Tables as they are now, where that is where the stream begins. */
  readonly described: readonly TableDescription[];
}

/** Names of the generated columns that changes of this table do not tell, or not rightly. */
export function leftOutOf({ columns }: TableDescription, server: ServerFlavour): readonly string[] {
  if (server.flavour === 'mysql') return [];
  const generated = columns.filter(({ EXTRA }) => /\bGENERATED\b/iu.test(EXTRA));
  const leftOut = leavesOut(server) ? generated : computedTooEarly(columns, generated);
  return leftOut.map(({ COLUMN_NAME }) => COLUMN_NAME);
}

/**
 * MariaDB computes a VIRTUAL column before it counts AUTO_INCREMENT: the row in the binlog has the value of `id + 1` for an id
 * of 0. Seen on 10.11; STORED ones and those in an index are refused by the server (error 1901).
 */
function computedTooEarly(columns: Columns, generated: Columns): Columns {
  const counted = columns.filter(({ EXTRA }) => /\bauto_increment\b/iu.test(EXTRA));
  const early = new Set<Columns[number]>();
  for (let from = counted; from.length > 0;) {
    const names = from.map(({ COLUMN_NAME }) => quoteIdentifier(COLUMN_NAME).toLowerCase());
    from = generated.filter((column) => {
      const expression = (column.GENERATION_EXPRESSION ?? '').toLowerCase();
      return !early.has(column) && names.some((name) => expression.includes(name));
    });
    for (const column of from) early.add(column);
  }
  return [...early];
}

type Columns = TableDescription['columns'];

/**
 * What the binlog does not say of MariaDB's columns: which BINARY ones are UUIDs or addresses, and which are generated. The
 * newest version of the schema history says it, the server only of columns that are not known yet: it may be ahead of the
 * stream. A DDL that is about a table makes the server be asked again, so that the history is never behind the stream.
 */
export class ColumnCatalog {
  readonly #server: ServerFlavour;
  readonly #registry: TableRegistry;
  /** What the server said at the place where the stream was: believed before the registry. */
  readonly #described = new Map<string, readonly KnownColumn[]>();
  readonly #byMap = new WeakMap<TableMap, ColumnFacts>();

  constructor({ server, registry, described }: ColumnCatalogOptions) {
    this.#server = server;
    this.#registry = registry;
    for (const table of described)
      this.#described.set(tableId(table.database, table.table), this.#columnsOf(table));
  }

  /** Whether the server must be asked about columns of this table. */
  lacks(map: TableMap): boolean {
    if (this.#server.flavour === 'mysql') return false;
    const { facts, unknown } = this.#resolve(map, this.#known(map));
    if (unknown.length === 0 && !this.#isNew(map)) this.#byMap.set(map, facts);
    return unknown.length > 0 || !this.#byMap.has(map);
  }

  /**
   * Takes what is not known from what the server says, and leaves out the columns of which it says nothing.
   *
   * @param description null for a table that is gone
   * @returns names of the columns of which nothing tells what they are; hidden hashes are known for what they are by now
   */
  learn(map: TableMap, description: TableDescription | null): readonly string[] {
    const columns = description === null ? [] : this.#columnsOf(description);
    const { facts, unknown } = this.#resolve(map, [...columns, ...this.#known(map)]);
    this.#byMap.set(map, facts);
    return unknown.filter((name) => !isRowHash(name));
  }

  /** The facts of a table map that is settled. */
  factsOf(map: TableMap): ColumnFacts {
    return this.#byMap.get(map) ?? NO_FACTS;
  }

  /** Whether the server must be asked again of a table that a DDL names: see `renewed`. */
  mayRenew({ database, table }: TableName): boolean {
    return this.#server.flavour === 'mariadb' && this.#registry.schemaOf(database, table) !== null;
  }

  /**
   * The table's schema behind a statement, by what the server says now; null when the columns that are known are as before, or the
   * key is another. The server may be far ahead of the stream: of a column that an ALTER does not define its word is not taken.
   *
   * @param defined words that the ALTER has behind each name, by `wordsBehindNames`; null when another table has got this name
   */
  renewed(description: TableDescription, defined: WordsBehindNames | null): TableSchema | null {
    const { database, table } = description;
    const known = this.#registry.schemaOf(database, table);
    const before = new Map(known === null ? [] : knownColumns(known).map(({ name, type }) => [name, type]));
    const types = new Map<string, string | null>();
    for (const { name, type } of this.#columnsOf(description))
      types.set(name, defined === null ? type : typeBehind(defined, name, before.get(name), type));
    this.#described.set(
      tableId(database, table),
      [...types].map(([name, type]) => ({ name, type })),
    );
    if (known === null) return null;
    const isSame = [...before].every(([name, type]) => !isOtherwise(type, types.get(name)));
    const hasKey = known.keyColumns.every((name) => types.has(name));
    return isSame || !hasKey ? null : schemaOfDescription(description, known.keyColumns, this.#server);
  }

  /** Nothing says yet which of its columns are generated. */
  #isNew({ database, table }: TableName): boolean {
    return (
      this.#registry.schemaOf(database, table) === null && !this.#described.has(tableId(database, table))
    );
  }

  /** Later ones win. A column that is named as a hash may have been published as one: only the server tells. */
  #known({ database, table }: TableName): readonly KnownColumn[] {
    const schema = this.#registry.schemaOf(database, table);
    const described = this.#described.get(tableId(database, table)) ?? [];
    if (schema === null) return described;
    return [...knownColumns(schema).filter(({ name }) => !isRowHash(name)), ...described];
  }

  /** Columns of tables made by an old server version are shown with a comment behind their type. */
  #columnsOf(description: TableDescription): readonly KnownColumn[] {
    const leftOut = new Set(leftOutOf(description, this.#server));
    return description.columns.map(({ COLUMN_NAME: name, COLUMN_TYPE: type }) => ({
      name,
      type: leftOut.has(name)
        ? null
        : type
            .replace(/\/\*.*?\*\//gu, '')
            .trim()
            .toLowerCase(),
    }));
  }

  /** A column of a primary key is not generated: https://mariadb.com/docs/server/reference/sql-statements/data-definition/create/generated-columns */
  #resolve(map: TableMap, columns: readonly KnownColumn[]): Resolved {
    const namedTypes = new Map<string, NamedType>();
    const leftOut = new Set<string>();
    const unknown: string[] = [];
    for (const [ordinal, { name, sqlType }] of map.columns.entries()) {
      const length = LENGTHS[sqlType];
      const isKnownLeftOut = columns.findLast((column) => column.name === name)?.type === null;
      const mayBeLeftOut = (leavesOut(this.#server) || isKnownLeftOut) && !map.primaryKey.includes(ordinal);
      if (length === undefined && !mayBeLeftOut && !isRowHash(name)) continue;
      const fits = ({ type }: KnownColumn): boolean =>
        length === undefined || type === null || LENGTHS[type] === length;
      const known = columns.findLast((column) => column.name === name && fits(column));
      if (known === undefined) unknown.push(name);
      else if (known.type === null) leftOut.add(name);
      else if (length !== undefined && known.type !== sqlType) namedTypes.set(name, known.type as NamedType);
    }
    return { facts: { namedTypes, leftOut: new Set([...leftOut, ...unknown]) }, unknown };
  }
}

const NO_FACTS: ColumnFacts = { namedTypes: new Map(), leftOut: new Set() };

function leavesOut({ flavour, version }: ServerFlavour): boolean {
  return flavour === 'mariadb' && isAtLeast(parseVersion(version), LEAVES_OUT_SINCE);
}

/** What of a table is published, by what information_schema says of it. */
export function schemaOfDescription(
  description: TableDescription,
  keyColumns: readonly string[],
  server: ServerFlavour,
): TableSchema {
  const { database, table } = description;
  const leftOut = leftOutOf(description, server);
  const columns = description.columns
    .filter(({ COLUMN_NAME }) => !leftOut.includes(COLUMN_NAME))
    .map((column) => columnFromInformationSchema(column, server.flavour));
  return { database, table, columns: schemaColumns(columns), keyColumns, leftOut };
}

function knownColumns({ columns, leftOut = [] }: TableSchema): readonly KnownColumn[] {
  return [...columns, ...leftOut.map((name) => ({ name, type: null }))];
}

/**
 * The type of a column at the place of an ALTER: the named one that the statement says, else the server's where the statement
 * defines the column, else that of before.
 */
function typeBehind(
  defined: WordsBehindNames,
  name: string,
  before: string | null | undefined,
  now: string | null,
): string | null {
  const words = defined.get(name.toLowerCase()) ?? [];
  const isUndefined = words.length === 0 && before !== undefined;
  if (isUndefined) return before;
  const said = words.map((word) => SAID[word]).find((type) => type !== undefined);
  const length = now === null ? undefined : LENGTHS[now];
  if (said === undefined || length === undefined) return now;
  return said === 'binary' ? `binary(${length})` : said;
}

/** Whether a column has become generated, ordinary, or of another type that looks alike. */
function isOtherwise(before: string | null, now: string | null | undefined): boolean {
  if (now === undefined) return false;
  if (before === null || now === null) return before !== now;
  const length = LENGTHS[before];
  return length !== undefined && LENGTHS[now] === length && now !== before;
}
