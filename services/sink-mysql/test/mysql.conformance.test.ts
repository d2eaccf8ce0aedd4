import type { JsonValue, Row } from '@sluice/envelope';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import {
  CONFORMANCE_DATABASE,
  describeSinkConformance,
  itemRow,
  type SinkSubject,
} from '@sluice/sink-kit/testing';
import { afterAll } from 'vitest';
import { TargetFixture } from './target-fixture.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());

for (const [name, server] of Object.entries({ MySQL: stack.targetMysql, MariaDB: stack.mariadb })) {
  describeSinkConformance(name, {
    create: () => subject(server),
    deadStore: async () => {
      const fixture = await TargetFixture.create(server, CONFORMANCE_DATABASE);
      await fixture.remove();
      return fixture.sink({ port: 1, connectTimeoutMs: 1000 });
    },
  });
}

async function subject(server: MysqlServer): Promise<SinkSubject> {
  const fixture = await TargetFixture.create(server, CONFORMANCE_DATABASE);
  return {
    sink: fixture.sink(),
    another: () => fixture.sink(),
    read: (_, table, key) => readRow(fixture, table, key),
    poison: async (id) => ({ ...itemRow(id, 1), name: 'x'.repeat(65) }),
    close: () => fixture.remove(),
  };
}

/** The row of the conformance table in the envelope's terms. */
async function readRow(fixture: TargetFixture, table: string, key: Row): Promise<Row | null> {
  const [row] = await fixture.rows(`SELECT * FROM ${fixture.table(table)} WHERE id = ?`, [key['id']]);
  if (row === undefined) return null;
  const { payload, seen_at, details } = row as Record<string, unknown>;
  return {
    ...(row as Row),
    payload: Buffer.isBuffer(payload) ? payload.toString('base64') : null,
    seen_at: typeof seen_at === 'string' ? seen_at.replace(' ', 'T') : null,
    // MariaDB's JSON is text.
    details: typeof details === 'string' ? (JSON.parse(details) as JsonValue) : (details as JsonValue),
  };
}
