import type { DdlClass, TableName } from '@sluice/envelope';
import { takesRows } from '../model/engines.ts';
import { fillingQuery, type RowStatement } from './row-statement.ts';
import { leadingTable, tableBehind, topLevelParts } from './statement-text.ts';

/**
 * What a statement does to tables, as far as their readers care. `additive`: there is more than before, and nothing else is
 * other; `breaking`: columns are gone, renamed or of another kind, or it is not plain what happened.
 */
export type StatementClass = Exclude<DdlClass, 'xa' | 'rows' | 'cascade' | 'exposure'>;

export interface Renaming {
  readonly from: TableName;
  readonly to: TableName;
}

/** What a DDL statement does to tables. */
export interface DdlChange {
  /** Null: neither rows nor columns of a table are other than before (indexes, triggers, users, …). */
  readonly class: StatementClass | null;
  /** The table that a CREATE TABLE makes, or finds if it says IF NOT EXISTS; one that was a partition and has rows is altered too. */
  readonly created: TableName | null;
  /** That it was not there before: it is empty now. */
  readonly isNew: boolean;
  /**
   * What the query of a CREATE TABLE … SELECT does. Where its rows are in the binlog, the servers log the table's definition
   * without it; a statement that has it was logged in place of them.
   */
  readonly filled: RowStatement | null;
  /** In the order in which they take place. */
  readonly renamed: readonly Renaming[];
  readonly dropped: readonly TableName[];
  /** A database that is dropped with all its tables. */
  readonly droppedDatabase: string | null;
  /** Tables whose rows or columns are other from now on, and the stream does not tell how. */
  readonly altered: readonly TableName[];
  /** A table that gets an engine which takes its rows: one that could not be captured may be, from now on. */
  readonly movedToEngine: TableName | null;
}

const NOTHING: DdlChange = {
  class: null,
  created: null,
  isNew: false,
  filled: null,
  renamed: [],
  dropped: [],
  droppedDatabase: null,
  altered: [],
  movedToEngine: null,
};

const CREATE_TABLE = /^CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(.+)$/isu;
const CREATE_IF_MISSING = /^CREATE\s+TABLE\s+IF\s+NOT\s/iu;
const CREATE_OR_REPLACE = /^CREATE\s+OR\s/iu;
const DROP_TABLES = /^DROP\s+TABLES?\s+(?:IF\s+EXISTS\s+)?(.+)$/isu;
const DROP_DATABASE = /^DROP\s+(?:DATABASE|SCHEMA)\s+(?:IF\s+EXISTS\s+)?(.+)$/isu;
const DROP_PRIMARY = /^DROP\s+INDEX\s+(?:IF\s+EXISTS\s+)?`?PRIMARY`?\s+ON\s+(.+)$/isu;
const RENAME_TABLES = /^RENAME\s+TABLES?\s+(?:IF\s+EXISTS\s+)?(.+)$/isu;
const RENAME_TO = /^(?:NOWAIT\s+|WAIT\s+\d+\s+)?TO\s+(.+)$/isu;
const ALTER_TABLE = /^ALTER\s+(?:ONLINE\s+|OFFLINE\s+|IGNORE\s+)*TABLE\s+(?:IF\s+EXISTS\s+)?(.+)$/isu;
/** MariaDB: rows that a new key does not let in are thrown away, and the binlog does not tell which. */
const ALTER_IGNORE = /^ALTER\s+(?:ONLINE\s+|OFFLINE\s+)*IGNORE\b/iu;

/** Clauses of ALTER TABLE; the first that fits counts, one that fits none is breaking. */
const CLAUSES: readonly (readonly [RegExp, StatementClass | null])[] = [
  [/^(?:NO)?WAIT\b/iu, null],
  [/^ADD\s+(?:CONSTRAINT\s+(?:`[^`]*`\s+|(?!PRIMARY\b)\S+\s+)?)?PRIMARY\b/iu, 'breaking'],
  [/^ADD\s+(?:SYSTEM\s+VERSIONING|PERIOD)\b/iu, 'breaking'],
  [
    /^ADD\s+(?:CONSTRAINT|UNIQUE|INDEX|KEY|FULLTEXT|SPATIAL|VECTOR\s+(?:INDEX|KEY)|FOREIGN|CHECK|PARTITION)\b/iu,
    null,
  ],
  [/^ADD\b/iu, 'additive'],
  [/^(?:DROP|TRUNCATE|DISCARD)\s+(?:PARTITION|TABLESPACE)\b/iu, 'truncate'],
  [/^DROP\s+(?:INDEX|KEY|FOREIGN\s+KEY|CONSTRAINT|CHECK)\b/iu, null],
  [/^RENAME\s+COLUMN\b/iu, 'breaking'],
  [/^RENAME\s+(?:INDEX|KEY)\b/iu, null],
  [/^RENAME\b/iu, 'rename'],
  [/^ALTER\s+(?:INDEX|KEY|CHECK|CONSTRAINT)\b/iu, null],
  [
    /^ALTER\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?(?:`[^`]*`|\S+)\s+(?:SET|DROP)\s+(?:DEFAULT|VISIBLE|INVISIBLE)\b/iu,
    null,
  ],
  [/^(?:COALESCE|REORGANIZE|ANALYZE|CHECK|OPTIMIZE|REBUILD|REPAIR)\s+PARTITION\b/iu, null],
  [/^(?:PARTITION\s+BY|REMOVE\s+PARTITIONING|ORDER\s+BY|ENABLE\s+KEYS|DISABLE\s+KEYS)\b/iu, null],
  [/^(?:FORCE|(?:WITH|WITHOUT)\s+VALIDATION)\b/iu, null],
  [
    /^(?:DEFAULT\s+)?(?:CHARACTER\s+SET|CHARSET|COLLATE|COMMENT|AUTO_INCREMENT|ROW_FORMAT|ALGORITHM|LOCK|STATS_\w+|KEY_BLOCK_SIZE|COMPRESSION|ENCRYPTION|ENCRYPTED|PAGE_\w+|MAX_ROWS|MIN_ROWS|AVG_ROW_LENGTH|CHECKSUM|DELAY_KEY_WRITE|PACK_KEYS|AUTOEXTEND_SIZE)\b/iu,
    null,
  ],
];
/** Options may stand behind each other without a comma. */
const OPTIONS =
  /^(?:DEFAULT\s+)?(?:CHARACTER\s+SET|CHARSET|COLLATE|ENGINE|COMMENT|[A-Z_]+\s*=|AUTO_INCREMENT|ROW_FORMAT)/iu;
const ENGINE = /(?:^|\s)ENGINE(?:\s*=\s*|\s+)(?:`([^`]*)`|([\w$]+)|'')/giu;
/** The other table of an ALTER TABLE: its rows change places with those of the partition. */
const EXCHANGED = /^EXCHANGE\s+PARTITION\s+(?:`[^`]*`|\S+)\s+WITH\s+TABLE\s+(.+)$/isu;
/** MariaDB: the other table becomes a partition, and is no table any more. */
const CONVERTED = /^CONVERT\s+TABLE\s+(.+)$/isu;
/** MariaDB: a partition becomes a table of its own, with its rows. */
const CONVERTED_TO = /^CONVERT\s+PARTITION\s+(?:`[^`]*`|\S+)\s+TO\s+TABLE\s+(.+)$/isu;
const ALTER_RENAME = /^RENAME\s+(?!COLUMN\b|INDEX\b|KEY\b)(?:(?:TO|AS)\s+|=\s*)?(.+)$/isu;

const SEVERITY: readonly (StatementClass | null)[] = [
  null,
  'additive',
  'breaking',
  'rename',
  'truncate',
  'drop',
];

function worst(classes: readonly (StatementClass | null)[]): StatementClass | null {
  return SEVERITY.findLast((candidate) => classes.includes(candidate)) ?? null;
}

/**
 * Total: what is not understood of a statement about a table is breaking; any other statement is nothing.
 *
 * @param text of a CREATE, ALTER, DROP or RENAME, by `plainStatement`
 * @param database the session's default database, for names without one
 */
export function ddlChange(text: string, database: string): DdlChange {
  const created = leadingTable(CREATE_TABLE.exec(text)?.[1] ?? '', database);
  if (created !== null) return creation(created, text);
  const altered = leadingTable(ALTER_TABLE.exec(text)?.[1] ?? '', database);
  if (altered !== null) return alteration(altered, database, ALTER_IGNORE.test(text));
  const dropped = DROP_TABLES.exec(text)?.[1];
  if (dropped !== undefined) return { ...NOTHING, class: 'drop', dropped: tablesOf(dropped, database) };
  const droppedDatabase = leadingTable(DROP_DATABASE.exec(text)?.[1] ?? '', database)?.table ?? null;
  if (droppedDatabase !== null) return { ...NOTHING, class: 'drop', droppedDatabase };
  const renamed = renamings(RENAME_TABLES.exec(text)?.[1] ?? '', database);
  if (renamed.length > 0) return { ...NOTHING, class: 'rename', renamed };
  const keyless = tableBehind(DROP_PRIMARY, text, database);
  return keyless === null ? NOTHING : { ...NOTHING, class: 'breaking', altered: [keyless] };
}

function creation({ rest, ...created }: TableName & { readonly rest: string }, text: string): DdlChange {
  const isNew = !CREATE_IF_MISSING.test(text);
  const filled = fillingQuery(created, rest);
  return {
    ...NOTHING,
    class: CREATE_OR_REPLACE.test(text) ? 'breaking' : 'additive',
    created,
    isNew,
    filled,
  };
}

function alteration(
  { rest, ...name }: TableName & { readonly rest: string },
  database: string,
  throwsRowsAway: boolean,
): DdlChange {
  const clauses = topLevelParts(rest.replace(/^(?:NOWAIT|WAIT\s+\d+)\s+/iu, '')).map((text) =>
    text.replace(/[\s;]*$/u, ''),
  );
  const classes = [...clauses.map(clauseClass), ...(throwsRowsAway ? (['breaking'] as const) : [])];
  const named = (form: RegExp): TableName[] =>
    clauses.flatMap((clause) => tableBehind(form, clause, database) ?? []);
  const targets = named(ALTER_RENAME);
  const engines = clauses.flatMap(enginesIn);
  const isOther = classes.some((found) => found !== null && found !== 'rename');
  const table = targets.at(-1) ?? name;
  const split = named(CONVERTED_TO);
  return {
    ...NOTHING,
    class: worst(classes),
    created: split[0] ?? null,
    renamed: targets.map((to) => ({ from: name, to })),
    dropped: named(CONVERTED),
    altered: isOther ? [table, ...named(EXCHANGED), ...split] : [],
    movedToEngine: engines.length > 0 && !isOther ? table : null,
  };
}

/** The last of several counts. One that is written as a text is unknown. */
function enginesIn(clause: string): string[] {
  if (!OPTIONS.test(clause)) return [];
  return [...clause.matchAll(ENGINE)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** Partitioning stands behind the last clause without a comma, and options may follow each other without one. */
export function clauseClass(clause: string): StatementClass | null {
  const engine = enginesIn(clause).at(-1);
  if (engine !== undefined && !takesRows(engine)) return 'breaking';
  if (engine !== undefined && /^ENGINE\b/iu.test(clause)) return null;
  const found = CLAUSES.find(([form]) => form.test(clause));
  return found === undefined ? 'breaking' : found[1];
}

function tablesOf(list: string, database: string): TableName[] {
  return topLevelParts(list).flatMap((part) => {
    const found = leadingTable(part, database);
    return found === null ? [] : [{ database: found.database, table: found.table }];
  });
}

/** `a TO b, c TO d`. */
function renamings(list: string, database: string): Renaming[] {
  const found: Renaming[] = [];
  for (let rest = list; rest !== '';) {
    const from = leadingTable(rest, database);
    const to = leadingTable(RENAME_TO.exec(from?.rest ?? '')?.[1] ?? '', database);
    if (from === null || to === null) break;
    found.push({
      from: { database: from.database, table: from.table },
      to: { database: to.database, table: to.table },
    });
    rest = to.rest.startsWith(',') ? to.rest.slice(1).trimStart() : '';
  }
  return found;
}
