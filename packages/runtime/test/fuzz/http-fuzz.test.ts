import { afterEach, expect, test } from 'vitest';
import { closeAll, tokensFile } from '../ops-support.ts';
import { runHttpFuzz } from './fuzz-run.ts';

afterEach(closeAll);

test('mutated requests are answered or closed, none is obeyed, and the server stays as large as it was', async () => {
  const seed = Date.now() % 2 ** 31;
  const file = await tokensFile(`ann operator ${'0'.repeat(64)}`);
  const { answers, entries } = await runHttpFuzz({ inputs: 1000, seed, tokensFile: file });
  // So that the run is known to have come past Node's own parser.
  expect(answers[200], `seed ${seed}`).toBeGreaterThan(0);
  expect(answers[401], `seed ${seed}`).toBeGreaterThan(0);
  expect(answers[400], `seed ${seed}`).toBeGreaterThan(0);
  expect(entries).toBeGreaterThan(0);
}, 60_000);
