import { expect, test } from 'vitest';
import { SnapshotPace } from '../../src/snapshot/snapshot-pace.ts';

const never = new AbortController().signal;

test('a chunk holds what a second may bring, and is followed by the time that its rows may take', () => {
  let rate: number | null = 50;
  let nowMs = 1000;
  const pace = new SnapshotPace(
    () => rate,
    () => nowMs,
  );
  expect([pace.limit(2000), pace.limit(10), pace.waitMs]).toEqual([50, 10, 0]);
  pace.begin();
  pace.read(50);
  nowMs = 1300;
  expect(pace.waitMs).toBe(700);
  rate = 100;
  expect(pace.waitMs).toBe(200);
  rate = null;
  expect([pace.limit(2000), pace.waitMs]).toEqual([2000, 0]);
});

test('a wait ends when the rate is changed, nobody wants the rows any more, or capture stops', async () => {
  let rate: number | null = 1;
  let isWanted = true;
  const pace = new SnapshotPace(() => rate);
  const wait = async (change: () => void, signal = never): Promise<void> => {
    pace.begin();
    pace.read(3600);
    setTimeout(change, 10);
    await pace.wait(() => isWanted, signal);
  };
  await wait(() => (rate = null));
  rate = 1;
  await wait(() => (isWanted = false));
  isWanted = true;
  const stop = new AbortController();
  await wait(() => stop.abort(), stop.signal);
  expect(pace.waitMs).toBeGreaterThan(1_000_000);
});
