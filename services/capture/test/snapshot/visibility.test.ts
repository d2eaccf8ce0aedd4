import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { chooseVisibility } from '../../src/snapshot/visibility.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';

const mysql = MYSQL_FACTS;
const mariadb = { ...mysql, flavour: 'mariadb', version: '10.11.18-MariaDB' } as const;
const progress = { gtidSet: 'u:1-5', position: { file: 'binlog.000002', position: 500 } };
const status = { File: 'binlog.000002', Position: 900, Executed_Gtid_Set: 'u:1-9' };

/** A connection that answers by the beginning of a statement, and notes the statements. */
function connectionOf(answers: Readonly<Record<string, () => readonly object[]>>): {
  connection: Connection;
  said: string[];
} {
  const said: string[] = [];
  const query = (sql: string): Promise<unknown> => {
    const start = Object.keys(answers).find((known) => sql.startsWith(known));
    said.push(start ?? sql);
    return Promise.resolve([start === undefined ? [] : answers[start]?.()]);
  };
  return { connection: { query } as unknown as Connection, said };
}

const readRows =
  (said: string[]) =>
  (lock: boolean): Promise<string> => {
    said.push(lock ? 'read locked' : 'read');
    return Promise.resolve('rows');
  };

test('MySQL with GTIDs: waits until all of the stream is visible, and names the end of the binlog after the read', async () => {
  const late = [1, 1, 0];
  const { connection, said } = connectionOf({
    'SELECT WAIT_FOR_EXECUTED_GTID_SET': () => [{ late: late.shift() }],
    'SHOW BINARY LOG STATUS': () => [status],
  });
  const visibility = chooseVisibility(connection, mysql);
  const { result, mark } = await visibility.read(progress, readRows(said));
  expect([result, mark.file, mark.position]).toEqual(['rows', 'binlog.000002', 900]);
  const wait = 'SELECT WAIT_FOR_EXECUTED_GTID_SET';
  expect(said).toEqual([wait, wait, wait, 'read', 'SHOW BINARY LOG STATUS']);
});

test.each([
  ['the server has none', { ...mysql, gtid: false }, progress],
  ['the stream has lost its own', mysql, { ...progress, gtidSet: null }],
])('MySQL without GTIDs, as %s: rows are locked while they are read', async (_what, server, known) => {
  const { connection, said } = connectionOf({ 'SHOW BINARY LOG STATUS': () => [status] });
  const visibility = chooseVisibility(connection, server);
  await visibility.read(known, readRows(said));
  expect(said).toEqual([
    'SET TRANSACTION ISOLATION LEVEL READ COMMITTED',
    'START TRANSACTION',
    'read locked',
    'SHOW BINARY LOG STATUS',
    'ROLLBACK',
  ]);
});

test('MariaDB: takes snapshots until one is not behind the stream, and reads in that one', async () => {
  const positions = ['300', '499', '500'];
  const { connection, said } = connectionOf({
    'SHOW STATUS': () => [
      { Variable_name: 'Binlog_snapshot_file', Value: 'binlog.000002' },
      { Variable_name: 'Binlog_snapshot_position', Value: positions.shift() },
    ],
  });
  const { mark } = await chooseVisibility(connection, mariadb).read(progress, readRows(said));
  expect(mark).toEqual({ file: 'binlog.000002', position: 500 });
  const snapshot = ['START TRANSACTION WITH CONSISTENT SNAPSHOT', 'SHOW STATUS'];
  expect(said).toEqual([...snapshot, 'ROLLBACK', ...snapshot, 'ROLLBACK', ...snapshot, 'read', 'ROLLBACK']);
});

test('what the read throws is thrown, and no transaction stays open', async () => {
  const { connection, said } = connectionOf({});
  const visibility = chooseVisibility(connection, mysql);
  await expect(
    visibility.read({ ...progress, gtidSet: null }, () => Promise.reject(new Error('gone'))),
  ).rejects.toThrow('gone');
  expect(said.at(-1)).toBe('ROLLBACK');
});
