import { TopicRouting } from '@sluice/envelope';
import { heapRoute, OPERATIONS } from '@sluice/ops-api';
import { createLogger, parseConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { DeadLetterAdmin } from '../../src/dead-letters/dead-letter-admin.ts';
import { dlqRoutes } from '../../src/dead-letters/dlq-routes.ts';
import type { DeadLetterStore } from '../../src/dead-letters/dead-letter-store.ts';
import { HeldTables } from '../../src/held-tables.ts';
import { tableRoutes } from '../../src/table-routes.ts';

test('a sink answers every operation that is declared for it, and no other', () => {
  const log = createLogger('test', { level: 'silent' });
  const file = {
    pipeline: 'p',
    source: { host: 'h', user: 'u', tables: ['a.b'] },
    kafka: { brokers: ['k:1'] },
  };
  const { topics } = parseConfig(JSON.stringify(file), {});
  const routes = [
    heapRoute(),
    ...dlqRoutes({
      admin: new DeadLetterAdmin(null as unknown as DeadLetterStore),
      sink: 's',
      routing: new TopicRouting(topics),
      seals: null,
      write: () => Promise.reject(new Error('not asked')),
      onReplayed: () => undefined,
      log,
    }),
    ...tableRoutes({
      sink: 's',
      held: new HeldTables(() => false),
      routing: new TopicRouting(topics),
      looked: () => [],
      release: () => Promise.resolve(),
      log,
    }),
  ];
  const own = OPERATIONS.sink.filter(({ path }) => !/\/(?:health|status)$/.test(path));
  const facts = ({ method, path, role }: { method: string; path: string; role: string }) =>
    `${method} ${path} ${role}`;
  expect(routes.map(facts).sort()).toEqual(own.map(facts).sort());
});
