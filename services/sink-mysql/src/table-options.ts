import type { TableName } from '@sluice/envelope';
import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';

const CHECKS = /^ {2}CONSTRAINT (`(?:[^`]|``)+`) CHECK /gmu;
/** What stands behind the columns, from the engine on. */
const OPTIONS = /^\) (ENGINE=\w+)([^]*)$/mu;
const VERSIONED = / WITH SYSTEM VERSIONING\b/u;

/** The statement that makes the table, as the server writes it. */
export async function createStatement(
  connection: PoolConnection,
  { database, table }: TableName,
): Promise<string> {
  const sql = `SHOW CREATE TABLE ${quoteTable(database, table)}`;
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return String(rows[0]?.[1]);
}

/** What a table of the same columns that takes the place of this one would not have, for people. */
export function heldBack(statement: string): readonly string[] {
  const checks = [...statement.matchAll(CHECKS)].map(
    ([, name]) =>
      `has a CHECK constraint ${name} that the source has not: drop it, and make it again after the rebuild`,
  );
  if (!VERSIONED.test(statement)) return checks;
  return [
    ...checks,
    'keeps a history of its rows (SYSTEM VERSIONING), which the new table has not: keep the history elsewhere and drop it, or leave the table out',
  ];
}

/** Options of the one table that the other has not (row format, encryption, comment, …), as ALTER TABLE takes them; '' for none. */
export function lackingOptions(used: string, filled: string): string {
  const [wanted, present] = [optionsOf(used), optionsOf(filled)];
  // Whoever names the engine has all rows copied.
  if (wanted.engine !== present.engine) return `${wanted.engine} ${wanted.rest}`;
  return wanted.rest === present.rest ? '' : wanted.rest;
}

function optionsOf(statement: string): { readonly engine: string; readonly rest: string } {
  const [, engine = '', rest = ''] = OPTIONS.exec(statement) ?? [];
  return { engine, rest: rest.replace(/(^| )AUTO_INCREMENT=\d+/u, '').trim() };
}
