import { expect, test } from 'vitest';
import { catchUp, runLoad, type LoadParts } from '../../src/load/load-run.ts';

type Workload = LoadParts['workload'];

const { signal } = new AbortController();
const never = (): Promise<never> => new Promise(() => undefined);

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
  const result = await runLoad({ order, workload, reading: { ask, applied: never, signal } });
  expect(result).toMatchObject({ transactions: 5, rows: 10, caughtUpSeconds: null });
});

test('a pipeline has caught up when its own rows are applied; until then its reason is kept', async () => {
  const ask = () => Promise.resolve([]);
  const reasons = ['capture has written no checkpoint', null];
  const applied = () => Promise.resolve(reasons.shift() ?? null);
  expect(await catchUp({ ask, applied, signal }, 30)).toEqual({
    caughtUpSeconds: expect.any(Number) as unknown,
    notCaughtUp: null,
  });
  const why = 'sink redis has not applied 5 records';
  expect(await catchUp({ ask, applied: () => Promise.resolve(why), signal }, 0.05)).toEqual({
    caughtUpSeconds: null,
    notCaughtUp: why,
  });
  const fails = () => Promise.reject(new Error('Kafka does not answer'));
  await expect(catchUp({ ask, applied: fails, signal }, 30)).rejects.toThrow('Kafka does not answer');
  const gone = AbortSignal.abort();
  expect(await catchUp({ ask, applied: never, signal: gone }, 30)).toMatchObject({ caughtUpSeconds: null });
});
