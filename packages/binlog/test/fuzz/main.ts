import { inspect, parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { announceSeed } from '@sluice/seeded-random';
import { fuzz, type FuzzFigures } from './fuzz-run.ts';

/** `npm run test:fuzz -- --inputs 1000000 [--seed N]`: mutated events of real servers into the decoder. */

const STUCK_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 5000;
const TOLD_EVERY_MS = 20_000;

interface Work {
  readonly inputs: number;
  readonly seed: number;
  /** Number of the input that is being read. */
  readonly current: Int32Array<SharedArrayBuffer>;
}

/** The decoder runs in a thread of its own: an input that it never comes back from is told by its number. */
function run(work: Work): Promise<FuzzFigures> {
  const worker = new Worker(import.meta.filename, { workerData: work });
  const { promise, resolve, reject } = Promise.withResolvers<FuzzFigures>();
  const timer = setInterval(watch(work, reject), LOOK_EVERY_MS);
  worker.once('message', resolve);
  worker.once('error', reject);
  return promise.finally(() => {
    clearInterval(timer);
    void worker.terminate();
  });
}

function watch({ seed, current }: Work, reject: (error: Error) => void): () => void {
  let last = -1;
  let since = performance.now();
  let toldAt = since;
  return () => {
    const now = performance.now();
    const input = Atomics.load(current, 0);
    if (input !== last) since = now;
    last = input;
    if (now - since > STUCK_AFTER_MS) reject(new Error(`input ${input} of seed ${seed} does not end`));
    if (now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    say(`${input} inputs`);
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const options = { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string' } } as const;
  const { values } = parseArgs({ options });
  const seed = values.seed === undefined ? announceSeed('fuzz') : Number(values.seed);
  const inputs = Number(values.inputs);
  const startedAt = performance.now();
  try {
    const figures = await run({ inputs, seed, current: new Int32Array(new SharedArrayBuffer(4)) });
    const seconds = (performance.now() - startedAt) / 1000;
    say(JSON.stringify({ seed, ...figures, seconds: Math.round(seconds) }, null, 2));
    say(`${figures.inputs} passed, 0 failed`);
  } catch (error) {
    process.stderr.write(`${inspect(error)}\n`);
    say('0 passed, 1 failed');
    process.exitCode = 1;
  }
}

if (isMainThread) await main();
else {
  const { inputs, seed, current } = workerData as Work;
  parentPort!.postMessage(
    await fuzz({ inputs, seed, onInput: (input) => void Atomics.store(current, 0, input) }),
  );
}
