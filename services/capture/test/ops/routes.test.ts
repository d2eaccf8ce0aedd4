import { heapRoute, OPERATIONS } from '@sluice/ops-api';
import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { captureRoutes } from '../../src/ops/capture-routes.ts';
import { ddlRoutes } from '../../src/ops/ddl-routes.ts';
import { sourceRoutes } from '../../src/ops/source-routes.ts';
import { snapshotRoutes } from '../../src/ops/snapshot-routes.ts';

test('capture answers every operation that is declared for it, and no other', () => {
  const nothing = () => Promise.resolve();
  const nobody = () => ({ instance: 'a', leader: null, standbys: [] });
  const routes = [
    heapRoute(),
    ...captureRoutes({ captures: nobody, order: () => Promise.resolve({ why: 'nobody leads' }) }),
    ...sourceRoutes(() => ({ session: null, leader: null, readFrom: () => ({ why: 'nobody leads' }) })),
    ...snapshotRoutes(() => null),
    ...ddlRoutes({
      elsewhere: () => null,
      journal: () => null,
      publish: nothing,
      onStored: () => undefined,
      isOwner: nothing,
      onResumed: () => undefined,
      log: createLogger('test', { level: 'silent' }),
    }),
  ];
  const own = OPERATIONS.capture.filter(({ path }) => !/\/(?:health|status)$/.test(path));
  const facts = ({ method, path, role }: { method: string; path: string; role: string }) =>
    `${method} ${path} ${role}`;
  expect(routes.map(facts).sort()).toEqual(own.map(facts).sort());
});
