import { exactAfter, exactMember, type Row, type RowEnvelope, type Sequence } from '@sluice/envelope';
import type { Delivery } from '@sluice/sink-kit';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { equalLiteral, quote } from '@sluice/mysql';
import type { InsertPlan, KeyPlan, TargetTable } from './target-table.ts';

/** A row of a batch on its way into the target. */
export interface PendingRow {
  /** Its place in the batch. */
  readonly position: number;
  readonly key: string;
  readonly sequence: Sequence;
  readonly envelope: RowEnvelope;
  readonly after: Row | null;
  /** The record's bytes. */
  readonly value: Uint8Array;
  /** `1` or `(1,'a')`; for a plan without a tuple `` (`a`=1 AND `b`='a') ``. */
  readonly tuple: string;
  /** What the guard's SELECT gives for this key. */
  readonly keyText: string;
}

/** Keys in one IN list: MariaDB turns lists of 1,000 and more into joins. */
export const KEYS_PER_STATEMENT = 900;
const ROWS_PER_INSERT = 2000;
/** UTF-16 units; a statement is at most three times as many bytes, and the server's smallest default takes 16 MiB. */
const UNITS_PER_INSERT = 1_000_000;

export function pendingRow(delivery: Delivery, position: number, plan: KeyPlan): PendingRow {
  const envelope = delivery.envelope as RowEnvelope;
  const { operation, key, after, sequence } = envelope.payload;
  const [only] = plan.columns;
  const isSingle = plan.columns.length === 1 && only !== undefined;
  return {
    position,
    key: delivery.key,
    sequence,
    envelope,
    after: operation === 'DELETE' ? null : after,
    value: delivery.value,
    tuple: isSingle ? equalLiteral(only.codec, valueOf(key, only.name)) : tupleOf(key, plan),
    keyText: isSingle
      ? only.codec.text(valueOf(key, only.name))
      : plan.columns.map(({ name, codec }) => codec.text(valueOf(key, name))).join('\0'),
  };
}

function tupleOf(key: Row, { columns, tuple }: KeyPlan): string {
  const literals = columns.map(({ name, codec }) => equalLiteral(codec, valueOf(key, name)));
  if (tuple !== null) return `(${literals.join(',')})`;
  return `(${columns.map(({ sql }, place) => `${sql}=${literals[place]}`).join(' AND ')})`;
}

export function guardStatement(table: TargetTable, plan: KeyPlan, rows: readonly PendingRow[]): string {
  // Known by their places: the driver refuses columns of some names (`__proto__`).
  const columns = plan.columns.map(({ sql, codec }, place) => `${codec.select(sql)} AS c${place}`).join(',');
  return `SELECT ${columns},${SEQUENCE_COLUMN} FROM ${table.sql} WHERE ${keyCondition(plan, rows)} FOR UPDATE`;
}

export function deleteStatement(table: TargetTable, plan: KeyPlan, rows: readonly PendingRow[]): string {
  return `DELETE FROM ${table.sql} WHERE ${keyCondition(plan, rows)}`;
}

/** Of a row that is not newer: for who does not look first. */
export function guardedDelete(table: TargetTable, plan: KeyPlan, row: PendingRow): string {
  return `${deleteStatement(table, plan, [row])} AND ${SEQUENCE_COLUMN} <= ${row.sequence}`;
}

/** Raises the sequence of the rows with these keys, no more than `KEYS_PER_STATEMENT`; of those that are there, and not newer. Nothing else of them. */
export function keepStatement(
  table: TargetTable,
  plan: KeyPlan,
  keys: readonly Row[],
  sequence: Sequence,
): string {
  const tuples = keys.map((key) => tupleOf(key, plan));
  return `UPDATE ${table.sql} SET ${SEQUENCE_COLUMN} = ${sequence}${table.unchanged} WHERE ${oneOf(plan, tuples)} AND ${SEQUENCE_COLUMN} < ${sequence}`;
}

function keyCondition(plan: KeyPlan, rows: readonly PendingRow[]): string {
  return oneOf(
    plan,
    rows.map(({ tuple }) => tuple),
  );
}

function oneOf({ tuple }: KeyPlan, tuples: readonly string[]): string {
  return tuple === null ? `(${tuples.join(' OR ')})` : `${tuple} IN (${tuples.join(',')})`;
}

/** An INSERT of some rows, in the order given. */
export interface InsertStatement {
  readonly sql: string;
  readonly rows: readonly PendingRow[];
}

/** Multi-row INSERTs, bounded by rows and bytes; rows of different columns go into different statements. */
export function* insertStatements(
  table: TargetTable,
  rows: readonly PendingRow[],
  mode: 'insert' | 'upsert' | 'guarded' | 'absent',
): Generator<InsertStatement> {
  let plan: InsertPlan | null = null;
  let open: PendingRow[] = [];
  let values = '';
  const statement = (own: InsertPlan): InsertStatement => ({
    sql: `${own.head}${values}${mode === 'insert' ? '' : own[mode]}`,
    rows: open,
  });
  for (const row of rows) {
    const own: InsertPlan = table.insertPlan(row.envelope, row.after ?? {});
    const next = rowLiteral(own, row);
    const isFull = open.length === ROWS_PER_INSERT || values.length + next.length > UNITS_PER_INSERT;
    if (plan !== null && (plan !== own || isFull)) {
      yield statement(plan);
      open = [];
      values = '';
    }
    plan = own;
    values += open.length === 0 ? next : `,${next}`;
    open.push(row);
  }
  if (plan !== null) yield statement(plan);
}

function rowLiteral(plan: InsertPlan, { after, sequence, value }: PendingRow): string {
  const row = after ?? {};
  // Numbers inside JSON may have more digits than what was parsed: their text goes over as it came.
  const exact = plan.hasJson ? exactAfter(value) : null;
  let literal = '(';
  for (const { name, codec, isJson } of plan.columns) {
    const isNumeric = isJson && row[name] !== null && typeof row[name] !== 'string';
    const text = isNumeric && exact !== null ? exactMember(exact, name) : null;
    literal += `${text === null ? codec.literal(valueOf(row, name)) : quote(text)},`;
  }
  return `${literal}${plan.filled}${sequence})`;
}

function valueOf(row: Row, name: string): NonNullable<Row[string]> | null {
  const value = Object.hasOwn(row, name) ? row[name] : undefined;
  if (value === undefined) throw new PipelineError('MYSQL_VALUE_REFUSED', `the row has no column ${name}`);
  return value;
}
