import type { Connection } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { findUnloggedReplication } from '../../src/source/replica.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';

const OLD_MYSQL = { ...MYSQL_FACTS, version: '8.0.21' };
const MARIADB = { ...MYSQL_FACTS, flavour: 'mariadb', version: '10.11.18-MariaDB' } as const;

interface Answers {
  readonly variables: Readonly<Record<string, string>>;
  /** Rows of the status of the replica; null when the account may not see it. */
  readonly status: number | null;
  readonly running?: number;
}

function serverOf({ variables, status, running = 0 }: Answers): { connection: Connection; asked: string[] } {
  const asked: string[] = [];
  const query = (question: string | { sql: string }): Promise<unknown> => {
    const sql = typeof question === 'string' ? question : question.sql;
    asked.push(sql);
    if (sql.includes('VARIABLES')) return Promise.resolve([Object.entries(variables)]);
    if (sql.includes('GLOBAL STATUS')) return Promise.resolve([[{ Value: String(running) }]]);
    if (status === null) return Promise.reject(Object.assign(new Error(), { errno: 1227 }));
    return Promise.resolve([Array.from({ length: status }, () => ({}))]);
  };
  return { connection: { query } as unknown as Connection, asked };
}

describe('a source is refused as a replica that does not log what it applies', () => {
  const off = { log_replica_updates: 'OFF', log_slave_updates: 'OFF' };

  test.each([
    ['on MySQL', MYSQL_FACTS, off, 1, 'SHOW REPLICA STATUS', /^source variable log_replica_updates$/],
    ['on old MySQL', OLD_MYSQL, { log_slave_updates: 'OFF' }, 1, 'SHOW SLAVE STATUS', /log_slave_updates$/],
    ['on MariaDB', MARIADB, { log_slave_updates: 'OFF' }, 2, 'SHOW ALL SLAVES STATUS', /log_slave_updates$/],
  ])('%s', async (_what, server, variables, status, question, setting) => {
    const { connection, asked } = serverOf({ variables, status });
    const found = await findUnloggedReplication(connection, server);
    expect(found?.setting).toMatch(setting);
    expect(asked.at(-1)).toBe(question);
  });

  test.each([
    ['is none', { variables: off, status: 0 }, false],
    ['logs them', { variables: { log_replica_updates: 'ON' }, status: 1 }, false],
    ['may not be asked and runs none', { variables: off, status: null, running: 0 }, false],
    ['may not be asked and runs one', { variables: off, status: null, running: 1 }, true],
  ])('one that %s', async (_what, answers, refused) => {
    const { connection } = serverOf(answers);
    expect((await findUnloggedReplication(connection, MARIADB)) !== null).toBe(refused);
  });
});
