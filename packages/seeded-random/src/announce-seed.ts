import { randomInt } from 'node:crypto';

/** The seed of this run, printed beside `what`; SLUICE_TEST_SEED repeats a run. */
export function announceSeed(what: string): number {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? randomInt(2 ** 31));
  process.stderr.write(`${what}: SLUICE_TEST_SEED=${seed}\n`);
  return seed;
}
