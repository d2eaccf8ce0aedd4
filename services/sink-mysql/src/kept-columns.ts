import type { Row } from '@sluice/envelope';
import {
  quoteIdentifier,
  quoteTable,
  readTable,
  type PoolConnection,
  equalLiteral,
  typeName,
} from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { z } from 'zod';
import type { TargetTable } from './target-table.ts';

/** How a column is kept as text, and becomes SQL again. */
interface KeptColumn {
  readonly name: string;
  readonly select: string;
  readonly literal: (text: string) => string;
}

const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|bit|year)$/;
const BYTES =
  /^(binary|varbinary|\w*blob|vector|geometry|geomcollection|geometrycollection|\w*point|\w*linestring|\w*polygon)$/;
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const HEX = /^[0-9A-F]*$/;
const keptSchema = z.record(z.string(), z.string().nullable());

/** All columns of a table of the target as they are, those included that only the target has: so a row can be put back as it was. */
export class KeptColumns {
  readonly #table: string;
  readonly #columns: readonly KeptColumn[];

  /** Throws MYSQL_TABLE_UNKNOWN. */
  static async of(connection: PoolConnection, database: string, table: string): Promise<KeptColumns> {
    const description = await readTable(connection, database, table);
    const id = quoteTable(database, table);
    if (description === null) throw new PipelineError('MYSQL_TABLE_UNKNOWN', `the target has no table ${id}`);
    const columns = description.columns.filter(
      ({ COLUMN_NAME: name, GENERATION_EXPRESSION: expression }) => !expression && name !== SEQUENCE_COLUMN,
    );
    return new KeptColumns(
      id,
      columns.map(({ COLUMN_NAME: name, COLUMN_TYPE: type }) => keptColumn(name, typeName(type))),
    );
  }

  private constructor(table: string, columns: readonly KeptColumn[]) {
    this.#table = table;
    this.#columns = columns;
  }

  selectSql(where: string): string {
    // Known by their places: the driver refuses columns of some names (`__proto__`).
    const columns = this.#columns.map(({ select }, place) => `${select} AS c${place}`).join(', ');
    return `SELECT ${columns} FROM ${this.#table} WHERE ${where}`;
  }

  /** What `selectSql` has found, as one text. */
  textOf(row: readonly (string | null)[]): string {
    const members = this.#columns.map(({ name }, place) => [name, row[place] ?? null] as const);
    return JSON.stringify(Object.fromEntries(members));
  }

  /** Throws MYSQL_VALUE_REFUSED for what `textOf` has not written of these columns. */
  insertSql(kept: string, sequence: string): string {
    const texts = keptSchema.parse(JSON.parse(kept));
    const values = this.#columns.map(({ name, literal }) => {
      const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
      if (text === undefined) throw refused(name);
      return text === null ? 'NULL' : literal(text);
    });
    const names = [...this.#columns.map(({ name }) => name), SEQUENCE_COLUMN].map(quoteIdentifier);
    return `INSERT INTO ${this.#table} (${names.join(', ')}) VALUES (${[...values, sequence].join(', ')})`;
  }
}

function keptColumn(name: string, type: string): KeptColumn {
  const sql = quoteIdentifier(name);
  const literalOf =
    (pattern: RegExp, write: (text: string) => string) =>
    (text: string): string => {
      if (!pattern.test(text)) throw refused(name);
      return write(text);
    };
  // A plain SELECT of a FLOAT shows six digits, and of a BIT its bytes.
  const number = type === 'float' ? `CAST(${sql} AS DOUBLE)` : type === 'bit' ? `${sql} + 0` : sql;
  if (NUMBERS.test(type))
    return { name, select: `CAST(${number} AS CHAR)`, literal: literalOf(NUMBER, (text) => text) };
  if (BYTES.test(type))
    return { name, select: `HEX(${sql})`, literal: literalOf(HEX, (text) => `X'${text}'`) };
  return {
    name,
    select: `HEX(CONVERT(${sql} USING utf8mb4))`,
    literal: literalOf(HEX, (text) => `CONVERT(X'${text}' USING utf8mb4)`),
  };
}

/** SQL that is true of the row with this key. Throws TARGET_TABLE_REFUSED, MYSQL_VALUE_REFUSED. */
export function keyIs(table: TargetTable, key: Row): string {
  const { columns } = table.keyPlan(Object.keys(key));
  return columns
    .map(({ name, sql, codec }) => `${sql} = ${equalLiteral(codec, key[name] ?? null)}`)
    .join(' AND ');
}

function refused(column: string): PipelineError {
  return new PipelineError('MYSQL_VALUE_REFUSED', `what was kept of column ${column} is no value of it`);
}
