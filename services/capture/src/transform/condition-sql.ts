import type { SchemaColumn } from '@sluice/envelope';
import { quoteIdentifier } from '@sluice/mysql';
import { CONDITION_MAX } from '../model/snapshot-sql.ts';
import { ConditionError, parseCondition, type Condition, type Literal } from './condition-parser.ts';
import { checkComparison } from './condition-values.ts';

/** Columns of a table as a condition may speak of them. */
export interface AskedColumns {
  readonly columns: readonly SchemaColumn[];
  /** Whether the settings keep values of a column from readers: a condition on it would tell what they are. */
  readonly isHidden: (column: string) => boolean;
}

const MOMENTS = /^(?:date|datetime|timestamp)\b/u;

/**
 * The condition as SQL: nothing of its text gets there but names that the table has and literals, which are written again. What SQL
 * makes of it is as everywhere on that server: texts are compared by the column's collation. Throws ConditionError.
 */
export function conditionSql(text: string, asked: AskedColumns): string {
  if (text.length > CONDITION_MAX) throw new ConditionError(`is longer than ${CONDITION_MAX} characters`);
  return write(parseCondition(text), {
    column: (name) => quoteIdentifier(columnOf(name, asked).name),
    literal: (literal, name, operator) => {
      const column = columnOf(name, asked);
      checkComparison(column, operator, literal);
      return literalSql(literal, column);
    },
  });
}

/** As it may be logged: with `…` for each literal. Throws ConditionError. */
export function conditionOutline(text: string): string {
  return write(parseCondition(text), { column: quoteIdentifier, literal: () => '…' });
}

interface Writer {
  readonly column: (name: string) => string;
  readonly literal: (literal: Literal, column: string, operator: Comparison['operator']) => string;
}

type Comparison = Extract<Condition, { readonly kind: 'compare' }>;

function write(condition: Condition, writer: Writer): string {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.parts.map((part) => write(part, writer));
      return `(${parts.join(condition.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `(NOT ${write(condition.part, writer)})`;
    case 'null':
      return `(${writer.column(condition.column)} IS NULL)`;
    case 'compare': {
      const { column, operator, value } = condition;
      return `(${writer.column(column)} ${operator} ${writer.literal(value, column, operator)})`;
    }
    case 'in': {
      const { column, values } = condition;
      const list = values.map((value) => writer.literal(value, column, '='));
      return `(${writer.column(column)} IN (${list.join(', ')}))`;
    }
  }
}

/** Its name as the table spells it: servers do not tell `Email` from `email`. */
function columnOf(name: string, { columns, isHidden }: AskedColumns): SchemaColumn {
  const wanted = name.toLowerCase();
  const found = columns.find((column) => column.name.toLowerCase() === wanted);
  if (found === undefined) throw new ConditionError(`names column ${name}, which the table does not have`);
  if (isHidden(found.name))
    throw new ConditionError(`asks about column ${found.name}, which the settings under \`tables\` hide`);
  return found;
}

/** A text in its bytes, so that no sql_mode and no character set of a session can make anything else of it. */
function literalSql({ type, text }: Literal, column: SchemaColumn): string {
  if (type === 'number') return text;
  if (text === '') return "''";
  return `_utf8mb4 0x${Buffer.from(MOMENTS.test(column.type) ? momentText(text) : text).toString('hex')}`;
}

/** `2026-11-01T10:00:00Z` as servers of all versions take it. */
function momentText(text: string): string {
  return text.replace('T', ' ').replace(/Z$/u, '');
}
