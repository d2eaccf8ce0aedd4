import { expect, test } from 'vitest';
import { countResults, replayPaced } from '../../src/operator/dlq-replay.ts';

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `t-0-${index}`);

/** A clock that only waits move. */
function paced(count: number, rate: number, stopAt = Number.POSITIVE_INFINITY) {
  let now = 0;
  const sent: (readonly [number, number])[] = [];
  const done = replayPaced({
    ids: ids(count),
    rate,
    now: () => now,
    wait: async (ms) => void (now += ms),
    send: async (portion) => {
      sent.push([Math.round(now), portion.length]);
      const results = portion.map((id) => ({ id, result: 'applied' as const }));
      return sent.length < stopAt
        ? { results }
        : { results: [], stopped: { code: 'BREAKER_OPEN', message: 'x' } };
    },
  });
  return done.then((answer) => ({ answer, sent }));
}

test('letters are sent in portions, no faster than the rate', async () => {
  const { answer, sent } = await paced(120, 50);
  expect(sent).toEqual([
    [0, 50],
    [1000, 50],
    [2000, 20],
  ]);
  expect(countResults(answer.results)).toEqual({ applied: 120 });
});

test('a slow rate makes small portions, a fast one does not make large ones', async () => {
  expect((await paced(4, 2)).sent).toEqual([
    [0, 2],
    [1000, 2],
  ]);
  expect((await paced(100, 1000)).sent).toEqual([
    [0, 50],
    [50, 50],
  ]);
});

test('nothing more is sent when the sink could not go on', async () => {
  const { answer, sent } = await paced(150, 50, 2);
  expect([sent.length, answer.results.length, answer.stopped?.code]).toEqual([2, 50, 'BREAKER_OPEN']);
});

test('no letter, no request', async () => {
  expect((await paced(0, 50)).sent).toEqual([]);
});
