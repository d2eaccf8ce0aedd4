import { startStack, type Stack } from '@sluice/local-stack';
import { afterAll, beforeAll, test } from 'vitest';
import { expectEqualWays } from './support/expect-equal-ways.ts';
import { randomTables } from './support/random-tables.ts';
import { announceSeed } from '@sluice/seeded-random';
import { Session } from './support/session.ts';

const TABLES = 25;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb'] });
});
afterAll(() => stack.stop());

/** `npm run test:values` does the same with many more tables and a further server. */
test.each(['mysql', 'mariadb'] as const)(
  'random values of random types are the same by SELECT and from the binlog of %s',
  async (flavour) => {
    const session = await Session.open(stack[flavour], `sluice_random_${process.pid}`);
    try {
      const seed = announceSeed(`random values, ${flavour}`);
      for (const table of await randomTables(session, seed, TABLES)) expectEqualWays(table);
    } finally {
      await session.close();
    }
  },
);
