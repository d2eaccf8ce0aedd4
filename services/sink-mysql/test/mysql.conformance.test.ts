import { randomUUID } from 'node:crypto';
import type { Row } from '@sluice/envelope';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { connect, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import { createLogger } from '@sluice/runtime';
import { describeSinkConformance, itemRow, type SinkSubject } from '@sluice/sink-kit/testing';
import { afterAll } from 'vitest';
import { mysqlSinkSchema, type MysqlSinkConfig } from '../src/config.ts';
import { MysqlSink } from '../src/mysql-sink.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const log = createLogger('sink-mysql-test', { level: 'silent' });

for (const [name, server] of Object.entries({ MySQL: stack.targetMysql, MariaDB: stack.mariadb })) {
  describeSinkConformance(name, {
    create: () => subject(server),
    deadStore: async () => {
      const config = { ...configOf(server, 'nowhere'), host: '127.0.0.1', port: 1, connectTimeoutMs: 1000 };
      return new MysqlSink(config, { group: 'test', log });
    },
  });
}

function configOf({ host, port, user, password }: MysqlServer, database: string): MysqlSinkConfig {
  const databases = { sluice_conformance: database };
  return mysqlSinkSchema.parse({ host, port, user, password, databases, stateDatabase: `${database}_state` });
}

async function subject(server: MysqlServer): Promise<SinkSubject> {
  const database = `test_${randomUUID().slice(0, 8)}`;
  const reader = await connect({ ...server, connectTimeoutMs: 5000 });
  return {
    sink: new MysqlSink(configOf(server, database), { group: 'test', log }),
    read: (_, table, key) => readRow(reader, quoteTable(database, table), key),
    poison: async (id) => ({ ...itemRow(id, 1), name: 'x'.repeat(65) }),
    async close() {
      await reader.query(`DROP DATABASE IF EXISTS ${database}`);
      await reader.query(`DROP DATABASE IF EXISTS ${database}_state`);
      await reader.end();
    },
  };
}

/** The row of the conformance table in the envelope's terms. */
async function readRow(reader: Connection, table: string, key: Row): Promise<Row | null> {
  const [rows] = await reader.query<RowDataPacket[]>(`SELECT * FROM ${table} WHERE id = ?`, [key['id']]);
  const [row] = rows;
  if (row === undefined) return null;
  const { payload, seen_at, details } = row;
  return {
    ...row,
    payload: Buffer.isBuffer(payload) ? payload.toString('base64') : null,
    seen_at: typeof seen_at === 'string' ? seen_at.replace(' ', 'T') : null,
    // MariaDB's JSON is text.
    details: typeof details === 'string' ? JSON.parse(details) : details,
  } as Row;
}
