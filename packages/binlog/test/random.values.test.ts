import { startStack, type MysqlServer, type Stack } from '@sluice/local-stack';
import { afterAll, beforeAll, test } from 'vitest';
import { expectEqualWays } from './support/expect-equal-ways.ts';
import { randomTables } from './support/random-tables.ts';
import { announceSeed } from '@sluice/seeded-random';
import { Session } from './support/session.ts';

const ROUNDS = 8;
const TABLES_A_ROUND = 50;

let stack: Stack;
let newer: Stack;
beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb'] });
  const { SLUICE_SOURCE_MARIADB_URL: _other, ...env } = process.env;
  newer = await startStack({ servers: ['mariadb'], mariadbVersion: '11.8', env });
});
afterAll(async () => {
  await newer.stop();
  await stack.stop();
});

const SERVERS: readonly (readonly [string, () => MysqlServer])[] = [
  ['MySQL', () => stack.mysql],
  ['MariaDB 10.11', () => stack.mariadb],
  ['MariaDB 11.8', () => newer.mariadb],
];

test.each(SERVERS)(
  'random values of random types are the same by SELECT and from the binlog of %s',
  async (label, serverOf) => {
    const seed = announceSeed(`random values, ${label}`);
    for (let round = 0; round < ROUNDS; round++) {
      const session = await Session.open(serverOf(), `sluice_random_${process.pid}`);
      try {
        const tables = await randomTables(session, seed + round * TABLES_A_ROUND, TABLES_A_ROUND);
        for (const table of tables) expectEqualWays(table);
      } finally {
        await session.close();
      }
    }
  },
  600_000,
);
