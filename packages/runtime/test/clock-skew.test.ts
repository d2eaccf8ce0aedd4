import { expect, test } from 'vitest';
import { aheadOfUsMs, clockProblem } from '../src/clock-skew.ts';

test('a clock that is a second away is told, with its direction', () => {
  const found = (aheadMs: number, exactMs = 0) => clockProblem({ of: 'the source', aheadMs, exactMs })?.found;
  expect(found(999)).toBeUndefined();
  expect(found(-2340)).toBe("2.3 s behind this machine's");
  expect(found(61_000)).toBe("61.0 s ahead of this machine's");
  expect([found(1400, 500), found(1600, 500)]).toEqual([undefined, "1.6 s ahead of this machine's"]);
});

test('what the question takes is no difference of clocks', async () => {
  const ahead = await aheadOfUsMs(async () => {
    const now = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(now + 40);
    return now + 5000;
  });
  expect(ahead).toBeGreaterThan(4900);
  expect(ahead).toBeLessThan(5000);
});
