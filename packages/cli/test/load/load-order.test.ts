import { expect, test } from 'vitest';
import { loadOrder } from '../../src/load/load-order.ts';
import { runLoad, type LoadParts } from '../../src/load/load-run.ts';
import { LoadWatch } from '../../src/load/load-watch.ts';
import { parseCommandLine } from '../../src/operator/command-line.ts';
import type { ServiceAnswer } from '../../src/operator/service-line.ts';

function orderOf(line: string) {
  const wish = parseCommandLine(`load ${line}`.trim().split(' '), 0);
  if (wish.kind !== 'command') throw new Error(wish.kind);
  return loadOrder(wish.line);
}

test('a load has bounds, and a database that is named', () => {
  expect(orderOf('--database bench')).toEqual({
    database: 'bench',
    rate: 100,
    seconds: 60,
    shape: 'mixed',
    writers: 8,
    waitSeconds: 60,
  });
  expect(orderOf('--database bench --rate 500/s --duration 10 --shape small')).toMatchObject({
    rate: 500,
    seconds: 10,
    shape: 'small',
  });
  expect(() => orderOf('')).toThrow('--database is needed');
  expect(() => orderOf('--database b --rate 10001/s')).toThrow('at most 10000/s');
  expect(() => orderOf('--database b --duration 3601')).toThrow('from 1 to 3600');
  expect(() => orderOf('--database b --shape huge')).toThrow('one of mixed, small, large');
});

const answer = (service: string, status: object): ServiceAnswer =>
  ({ service, instance: 'a', status }) as unknown as ServiceAnswer;

test('of each process the newest percentiles count, and the worst p99', () => {
  const watch = new LoadWatch();
  const told = (p50: number, p99: number, samples = 5) =>
    answer('sink-redis', { latencyMs: { p50, p99, samples } });
  watch.note([told(10, 90), answer('sink-mysql', { latencyMs: null })]);
  watch.note([told(12, 40)]);
  watch.note([told(0, 0, 0)]);
  expect(watch.latencies).toEqual([
    { service: 'sink-redis', instance: 'a', p50Ms: 12, p99Ms: 40, worstP99Ms: 90 },
  ]);
});

test('a load that cannot be watched any more is stopped', async () => {
  const progress = { changes: 0, transactions: 0, retries: 0, truncates: 0 };
  let stopped = 0;
  const workload: LoadParts['workload'] = {
    progress: () => progress,
    reached: () => Promise.resolve(),
    done: new Promise(() => undefined),
    stop: () => {
      stopped += 1;
      return Promise.resolve(progress);
    },
  };
  const ask = () => Promise.reject(new Error('no answer of any known kind'));
  const { signal } = new AbortController();
  const order = { seconds: 1, waitSeconds: 1 };
  const reading = { ask, applied: () => Promise.resolve(null), signal };
  await expect(runLoad({ order, workload, reading })).rejects.toThrow('no answer');
  expect(stopped).toBe(1);
});
