import { expect, test } from 'vitest';
import { runLoad, type LoadParts } from '../../src/load/load-run.ts';

type Workload = LoadParts['workload'];

test('a load ends after its time, also while no service answers', async () => {
  const written = Promise.withResolvers<Awaited<Workload['done']>>();
  const workload = {
    done: written.promise,
    stop: () => {
      written.resolve({ changes: 10, transactions: 5, retries: 0, truncates: 0 });
      return written.promise;
    },
  } as Workload;
  // Nobody answers as long as it writes.
  const ask = () => written.promise.then(() => []);
  const order = { seconds: 0.05, waitSeconds: 0.05 };
  const result = await runLoad({ order, workload, ask, signal: new AbortController().signal });
  expect(result).toMatchObject({ transactions: 5, rows: 10, caughtUpSeconds: null });
});
