import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { runHttpFuzz } from './fuzz-run.ts';

/** `npm run test:fuzz-http -- --inputs 1000000 [--seed N]`: mutated requests, as bytes, to the ops servers. */

const options = { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const folder = await mkdtemp(join(tmpdir(), 'sluice-fuzz-'));
try {
  const tokensFile = join(folder, 'tokens');
  await writeFile(tokensFile, `ann operator ${'0'.repeat(64)}\n`);
  say(`seed ${seed}`);
  const begun = performance.now();
  const figures = await runHttpFuzz({ inputs: Number(values.inputs), seed, tokensFile }, say);
  const seconds = Math.round((performance.now() - begun) / 1000);
  say(JSON.stringify({ ...figures, seconds }, null, 2));
  say(`${figures.inputs} passed, 0 failed`);
} catch (error) {
  process.stderr.write(`${inspect(error)}\n`);
  say('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
