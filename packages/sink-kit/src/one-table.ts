import { parseTableId, tablePattern, toTableId } from '@sluice/envelope';
import { z } from 'zod';

/**
 * The key of settings that are of one table: `database.table`, with backticks around a name that has a dot.
 * @param why what is wrong with wildcards there, for the message
 */
export function oneTableSchema(why: string): z.ZodString {
  return z
    .string()
    .regex(/^[^*?]+$/, `must be one table, as \`database.table\`: ${why}`)
    .refine((id) => toTableId(id) === id && parseTableId(id).database !== '', {
      message: 'must be `database.table`; a name with a dot in it stands between backticks',
    });
}

/** The part of a sink's section that says which tables it takes. */
export interface TakenTables {
  readonly tables?: readonly string[] | undefined;
  readonly excludeTables?: readonly string[] | undefined;
}

export const NOT_TAKEN = 'is a table that `tables` and `excludeTables` do not leave to this sink';

/** Whether a sink takes this table, should it be captured. Of one that it does not take, settings would do nothing. */
export function takesTable({ tables, excludeTables = [] }: TakenTables, id: string): boolean {
  const { database, table } = parseTableId(id);
  const fits = (pattern: string): boolean => tablePattern(pattern)(database, table);
  return tables?.some(fits) !== false && !excludeTables.some(fits);
}
