import { expect, test } from 'vitest';
import { announceSeed } from '@sluice/seeded-random';
import { fuzz } from './fuzz-run.ts';

const INPUTS = 20_000;

/** `npm run test:fuzz -- --inputs 1000000` does the same for as long as one likes. */
test('mutated events of real servers end in coded errors or in rows, and in no wrong row where checksums are', async () => {
  const figures = await fuzz({ inputs: INPUTS, seed: announceSeed('mutated events') });
  expect(figures.inputs).toBe(INPUTS);
  expect(figures.rows).toBeGreaterThan(INPUTS / 10);
  expect(Object.keys(figures.refused)).toEqual(
    expect.arrayContaining(['CHECKSUM_MISMATCH', 'EVENT_MALFORMED', 'PAYLOAD_UNREADABLE', 'VALUE_INVALID']),
  );
}, 120_000);
