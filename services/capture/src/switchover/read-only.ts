import { readVariables, type Connection, type Flavour } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { queryRows } from '../source/query.ts';

/** How long the server may wait for statements under way (ms). */
const LOCK_WAIT_MS = 20_000;

/** What lets a server take writes, or none; on MySQL none of an administrator either. */
const STATEMENTS: Readonly<Record<Flavour, Readonly<Record<'on' | 'off', readonly string[]>>>> = {
  mysql: {
    on: ['SET GLOBAL super_read_only = ON'],
    off: ['SET GLOBAL super_read_only = OFF', 'SET GLOBAL read_only = OFF'],
  },
  mariadb: { on: ['SET GLOBAL read_only = ON'], off: ['SET GLOBAL read_only = OFF'] },
};

export function readOnlyStatements(flavour: Flavour, isOn: boolean): readonly string[] {
  return STATEMENTS[flavour][isOn ? 'on' : 'off'];
}

/** Whose transactions a server takes: those of all, `partly` of MySQL's administrators alone, or of nobody who is not exempt (`locked`). */
export type Writes = 'open' | 'partly' | 'locked';

/** Throws a PipelineError with a MYSQL_… code. */
export async function writesOf(connection: Connection, flavour: Flavour): Promise<Writes> {
  const values = await readVariables(connection, ['read_only', 'super_read_only']);
  const isOn = (name: string): boolean => !['OFF', '0'].includes(values.get(name) ?? 'OFF');
  if (!isOn('read_only')) return 'open';
  return flavour === 'mariadb' || isOn('super_read_only') ? 'locked' : 'partly';
}

/**
 * Waits for statements under way, `waitMs` at most; what is not committed by then is refused. Until the server is started again: then its own files count.
 * Resolves to whether the account may do it. Throws a PipelineError with a MYSQL_… code for anything else.
 */
export async function setReadOnly(
  connection: Connection,
  flavour: Flavour,
  isOn: boolean,
  waitMs = LOCK_WAIT_MS,
): Promise<boolean> {
  await queryRows(connection, `SET SESSION lock_wait_timeout = ${Math.ceil(waitMs / 1000)}`);
  return runAllowed(connection, readOnlyStatements(flavour, isOn));
}

/** Resolves to whether the account may do it. Throws a PipelineError with a MYSQL_… code for anything else. */
export async function runAllowed(connection: Connection, statements: readonly string[]): Promise<boolean> {
  try {
    for (const statement of statements) await queryRows(connection, statement);
    return true;
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'MYSQL_PRIVILEGE_MISSING') return false;
    throw error;
  }
}
