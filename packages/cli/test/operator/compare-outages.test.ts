import { expect, test } from 'vitest';
import { Interrupted } from '../../src/operator/command-failed.ts';
import { Outages, outlasting } from '../../src/operator/compare-outages.ts';

const AWAY = new Error('the store is away');
const PLACE = { found: { rows: 5 }, table: null } as never;

function scene(): { outages: Outages; waits: number[]; said: string[]; pass: (ms: number) => void } {
  const [waits, said]: [number[], string[]] = [[], []];
  let now = 0;
  const pass = (ms: number): void => void (now += ms);
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    pass(ms);
    return Promise.resolve();
  };
  const isOutage = (error: unknown): boolean =>
    error === AWAY || (error instanceof Error && error.cause === AWAY);
  const outages = new Outages(null, { isOutage, say: (line) => said.push(line), now: () => now, wait });
  return { outages, waits, said, pass };
}

test('a server that is away before anything was compared is told at once', async () => {
  const { outages, waits } = scene();
  await expect(outages.outlast(AWAY)).rejects.toBe(AWAY);
  expect(waits).toEqual([]);
});

test('in the middle it is waited for, longer each time, and the comparison continues where it was', async () => {
  const { outages, waits, said } = scene();
  const begins: unknown[] = [];
  const done = await outlasting(() => {
    outages.begun(new AbortController().signal);
    begins.push(outages.place);
    if (begins.length === 2) outages.reached(PLACE);
    return begins.length < 7 ? Promise.reject(AWAY) : Promise.resolve('done');
  }, outages);
  expect([done, begins]).toEqual(['done', [null, null, PLACE, PLACE, PLACE, PLACE, PLACE]]);
  expect(begins[2]).not.toBe(PLACE);
  // The second try has come further, so that the waits begin again.
  expect(waits).toEqual([1000, 1000, 2000, 4000, 8000, 15_000]);
  expect(said[0]).toBe('the store is away: tried again in 1s');
});

test('it is given up when nothing was compared for five minutes', async () => {
  const { outages, waits } = scene();
  outages.begun(new AbortController().signal);
  const attempt = (): Promise<never> => Promise.reject(AWAY);
  await expect(outlasting(attempt, outages)).rejects.toBe(AWAY);
  const waited = waits.reduce((sum, ms) => sum + ms, 0);
  expect([waited >= 300_000, waited < 315_000]).toEqual([true, true]);
});

test('another error, and any after an interruption, ends it', async () => {
  const { outages } = scene();
  const abort = new AbortController();
  outages.begun(abort.signal);
  const bug = new TypeError('a bug');
  await expect(outages.outlast(bug)).rejects.toBe(bug);
  // Also while it opens its connections again, before it has begun.
  const interrupted = new Interrupted('interrupted', { cause: AWAY });
  await expect(outages.outlast(interrupted)).rejects.toBe(interrupted);
  abort.abort();
  expect(outages.isInterrupted).toBe(true);
});
