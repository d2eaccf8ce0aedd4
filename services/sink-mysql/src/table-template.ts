import type { TableName } from '@sluice/envelope';
import { z } from 'zod';

/** Characters of a name of a database or table (MySQL manual, "Identifier Length Limits"). */
export const NAME_MAX = 64;
/** Every table keeps its name. */
export const PLAIN_TEMPLATE = '{table}';
const PART = /\{(database|table)\}/g;
const FORM = /^(?:[A-Za-z0-9_$-]|\{(?:database|table)\})+$/;

/** Names of target tables, made of both names of the source's. `{table}` is in each, or all tables would be one. */
export const tableTemplateSchema = z
  .string()
  .max(NAME_MAX + '{database}{table}'.length)
  .regex(
    FORM,
    'may hold {database}, {table}, letters, digits, `_`, `$` and `-`; the database of the target is set by `databases`',
  )
  .refine((template) => partsOf(template).filter((part) => part === '{table}').length === 1, {
    message: 'must have {table} in it, once: without it all tables of a database would be one',
  })
  .refine((template) => partsOf(template).filter((part) => part === '{database}').length <= 1, {
    message: 'has {database} twice',
  });

/** The name that a table has by a template. Patterns of tables give the pattern of its name. */
export function nameBy(template: string, { database, table }: TableName): string {
  if (template === PLAIN_TEMPLATE) return table;
  return template.replace(PART, (_, part) => (part === 'table' ? table : database));
}

/** Characters, as servers count them. */
export function lengthOf(name: string): number {
  return Array.from(name).length;
}

function partsOf(template: string): readonly string[] {
  return [...template.matchAll(PART)].map(([part]) => part);
}
