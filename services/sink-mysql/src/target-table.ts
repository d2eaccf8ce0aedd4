import type { Row, RowEnvelope } from '@sluice/envelope';
import {
  isUtf8Charset,
  quoteIdentifier,
  quoteTable,
  type Flavour,
  type TableDescription,
  columnCodec,
  documentCodec,
  mariadbJson,
  type ColumnCodec,
} from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { implicitValue } from './implicit-values.ts';
import { foldName, isDemanded } from './table-definition.ts';
import { CODES } from './errors.ts';

export interface PlannedColumn {
  /** As the rows have it; the target may spell it in other letter case. */
  readonly name: string;
  /** Quoted. */
  readonly sql: string;
  readonly codec: ColumnCodec;
  readonly isJson: boolean;
  /** Of a text; null for other types. */
  readonly charset: string | null;
}

export interface KeyPlan {
  readonly columns: readonly PlannedColumn[];
  /** `` `id` `` or `` (`a`,`b`) ``: what stands before IN; null where rows are found by one comparison for each column alone. */
  readonly tuple: string | null;
  /** Other unique indexes, which an INSERT may run into. */
  readonly otherUnique: readonly (readonly string[])[];
}

export interface InsertPlan {
  readonly columns: readonly PlannedColumn[];
  readonly hasJson: boolean;
  /** `` INSERT INTO `db`.`t` (…) VALUES `` */
  readonly head: string;
  /** Values of the columns that these rows do not have yet, each with its comma; they stand before the sequence. */
  readonly filled: string;
  /** ` ON DUPLICATE KEY UPDATE …` for all columns that are no key. */
  readonly upsert: string;
  /** The same, and nothing of a row that is newer: for who does not look first. */
  readonly guarded: string;
  /** The same, and nothing at all of a row that is there, be it another one with the same value of a unique index. */
  readonly absent: string;
}

/** A table of the target with what is compiled for its rows. */
export class TargetTable {
  readonly sql: string;
  /** `` ,`changed`=`changed` ``: columns that the server would set to the present time when another column changes. */
  readonly unchanged: string;
  /** Whether the last batch of inserts met no row that was there: then the next is inserted without looking first. */
  insertsAreNew = true;
  /** Whether the target's collation was seen to make one key of two. */
  mergesKeys = false;
  readonly #flavour: Flavour;
  readonly #jsonColumns: ReadonlySet<string>;
  readonly #description: TableDescription;
  /** By name in lower case. */
  readonly #columns: ReadonlyMap<string, PlannedColumn | 'generated'>;
  readonly #keyPlans = new Map<string, KeyPlan>();
  readonly #insertPlans = new Map<string, InsertPlan>();
  #last: { version: number; names: number; plan: InsertPlan } | null = null;

  /** @param jsonColumns of MariaDB, where they are texts that are checked */
  constructor(description: TableDescription, flavour: Flavour, jsonColumns: ReadonlySet<string> = new Set()) {
    this.#flavour = flavour;
    this.#jsonColumns = jsonColumns;
    this.#description = description;
    this.sql = quoteTable(description.database, description.table);
    this.unchanged = description.columns
      .filter(({ EXTRA }) => /on update/i.test(EXTRA))
      .map(({ COLUMN_NAME: name }) => `,${quoteIdentifier(name)}=${quoteIdentifier(name)}`)
      .join('');
    this.#columns = new Map(
      description.columns.map((column) => {
        const { COLUMN_NAME: name, COLUMN_TYPE: type, GENERATION_EXPRESSION: expression } = column;
        const isText = jsonColumns.has(name);
        const isJson = isText || type === 'json';
        const plain = isText ? mariadbJson : columnCodec(type, flavour);
        const planned = {
          name,
          sql: quoteIdentifier(name),
          codec: isJson && column.IS_NULLABLE === 'NO' ? documentCodec(plain) : plain,
          isJson,
          charset: column.CHARACTER_SET_NAME,
        };
        return [foldName(name), expression ? ('generated' as const) : planned];
      }),
    );
  }

  /** Null when no unique index of the target is on exactly these columns. */
  keyPlanIfAny(names: readonly string[]): KeyPlan | null {
    const id = names.join('\0');
    const known = this.#keyPlans.get(id) ?? this.#compileKey(names);
    if (known !== null) this.#keyPlans.set(id, known);
    return known;
  }

  /** Throws TARGET_TABLE_REFUSED when no unique index of the target is on exactly these columns. */
  keyPlan(names: readonly string[]): KeyPlan {
    const plan = this.keyPlanIfAny(names);
    if (plan !== null) return plan;
    throw new PipelineError(
      CODES.TARGET_TABLE_REFUSED,
      `${this.sql} has no unique NOT NULL key on these columns; make one: ALTER TABLE ${this.sql} ADD UNIQUE KEY (${names.map(quoteIdentifier).join(', ')})`,
    );
  }

  /** The plan for a row's columns; rows of one table version have the same columns. */
  insertPlan(envelope: RowEnvelope, after: Row): InsertPlan {
    const version = envelope.schema.table;
    const names = Object.keys(after);
    if (this.#last?.version === version && this.#last.names === names.length) return this.#last.plan;
    const id = names.join('\0');
    const plan = this.#insertPlans.get(id) ?? this.#compileInsert(names, Object.keys(envelope.payload.key));
    this.#insertPlans.set(id, plan);
    this.#last = { version, names: names.length, plan };
    return plan;
  }

  #compileKey(names: readonly string[]): KeyPlan | null {
    const { primaryKey, uniqueIndexes } = this.#description;
    const all = [{ columns: primaryKey, usableAsKey: true }, ...uniqueIndexes].filter(
      ({ columns }) => columns.length > 0,
    );
    const guard = all.find(({ columns, usableAsKey }) => usableAsKey && sameSet(columns, names));
    const columns = this.#planned(names);
    if (guard === undefined || columns.length !== names.length) return null;
    const otherUnique = all.filter((index) => index !== guard).map((index) => index.columns);
    return { columns, tuple: tupleOf(columns, this.#flavour), otherUnique };
  }

  #compileInsert(names: readonly string[], keyNames: readonly string[]): InsertPlan {
    const unknown = names.find((name) => !this.#columns.has(foldName(name)));
    if (unknown !== undefined) {
      throw new PipelineError('MYSQL_COLUMN_UNKNOWN', `${this.sql} has no column ${unknown}`);
    }
    const columns = this.#planned(names);
    const own = columns.map(({ sql }) => sql);
    const filled = this.#fillings(names);
    const sequence = quoteIdentifier(SEQUENCE_COLUMN);
    const keys = new Set(this.#planned(keyNames).map(({ sql }) => sql));
    const changed = [...own, sequence].filter((sql) => !keys.has(sql));
    // MariaDB has no row alias, MySQL calls VALUES() deprecated.
    const newValue = (sql: string): string => (this.#flavour === 'mysql' ? `new.${sql}` : `VALUES(${sql})`);
    const alias = this.#flavour === 'mysql' ? ' AS new' : '';
    const onDuplicate = `${alias} ON DUPLICATE KEY UPDATE `;
    const isNotNewer = `${this.sql}.${sequence} <= ${newValue(sequence)}`;
    // Assigned from left to right: the sequence, which all are compared by, comes last.
    const guarded = changed.map((sql) => `${sql}=IF(${isNotNewer},${newValue(sql)},${this.sql}.${sql})`);
    return {
      columns,
      hasJson: columns.some(({ isJson }) => isJson),
      head: `INSERT INTO ${this.sql} (${[...own, ...filled.map(({ sql }) => sql), sequence].join(',')}) VALUES `,
      filled: filled.map(({ value }) => `${value},`).join(''),
      upsert: `${onDuplicate}${changed.map((sql) => `${sql}=${newValue(sql)}`).join(',')}`,
      guarded: `${onDuplicate}${guarded.join(',')}`,
      absent: `${onDuplicate}${sequence}=${this.sql}.${sequence}`,
    };
  }

  /** The columns of these names that can be written. */
  #planned(names: readonly string[]): PlannedColumn[] {
    return names.flatMap((name) => {
      const column = this.#columns.get(foldName(name));
      return isWritable(column) ? [{ ...column, name }] : [];
    });
  }

  /**
   * Another partition may have shown a wider schema already. Rows of before the ALTER get in its columns what the source gave
   * them: columns that demand a value and have none by default.
   */
  #fillings(names: readonly string[]): { readonly sql: string; readonly value: string }[] {
    const present = new Set(names.map(foldName));
    return this.#description.columns.flatMap((column) => {
      const { COLUMN_NAME: name, COLUMN_TYPE: type } = column;
      const isMissing = !present.has(foldName(name)) && name !== SEQUENCE_COLUMN && isDemanded(column);
      const value = isMissing ? implicitValue(this.#jsonColumns.has(name) ? 'json' : type) : null;
      return value === null ? [] : [{ sql: quoteIdentifier(name), value }];
    });
  }
}

function isWritable(column: PlannedColumn | 'generated' | undefined): column is PlannedColumn {
  return column !== undefined && column !== 'generated';
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const names = new Set(b.map(foldName));
  return a.length === b.length && a.every((name) => names.has(foldName(name)));
}

/**
 * MariaDB finds no row by a list of several keys of several columns in which a text of another character set than the column's
 * cannot be compared byte by byte, and says nothing (seen on 10.11: `(a, b) IN (('x', 'ü'), ('y', 'ß'))` on latin1); by
 * `a = 'x' AND b = 'ü' OR …` it does, by the same index, and refuses a text that the character set lacks.
 */
function tupleOf(columns: readonly PlannedColumn[], flavour: Flavour): string | null {
  if (columns.length === 1) return String(columns[0]?.sql);
  const isListed = columns.every(({ charset }) => charset === null || isUtf8Charset(charset));
  return flavour === 'mariadb' && !isListed ? null : `(${columns.map(({ sql }) => sql).join(',')})`;
}
