import { connect } from 'node:net';
import { SeededRandom } from '@sluice/seeded-random';
import { mutatedRequest } from './mutated-requests.ts';

export interface HttpFuzzOptions {
  readonly ports: readonly number[];
  readonly inputs: number;
  readonly seed: number;
  /** Told now and then; may throw what ends the run. */
  readonly onProgress: (inputs: number) => void;
}

export interface HttpFuzzFigures {
  inputs: number;
  /** Answers by status; 0 for connections that were closed without one. */
  readonly answers: Record<number, number>;
  slowestMs: number;
}

/** A wrong answer to one input, which the seed and the number bring back. */
export class HttpFuzzFailure extends Error {}

const AT_ONCE = 30;
/** Milliseconds without an answer after which the server is told that no more comes: it still waits for the rest. */
const PATIENCE_MS = 30;
/** A request that is never finished is ended after 5 to 10 s. */
const SLOWEST_MS = 20_000;
const PROGRESS_EVERY = 1000;

/**
 * Sends mutated requests, each over a connection of its own, to servers that know none of their tokens. Each must be answered or closed in
 * time, none by an error of ours, and nothing but probes by a success. @throws HttpFuzzFailure
 */
export async function fuzzHttp(options: HttpFuzzOptions): Promise<HttpFuzzFigures> {
  const { inputs, seed, onProgress } = options;
  const figures: HttpFuzzFigures = { inputs: 0, answers: {}, slowestMs: 0 };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let input = next++; input < inputs; input = next++) {
      await one(input, options, figures).catch((error: unknown) => {
        throw new HttpFuzzFailure(`input ${input} of seed ${seed}`, { cause: error });
      });
      figures.inputs += 1;
      if (figures.inputs % PROGRESS_EVERY === 0) onProgress(figures.inputs);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return figures;
}

async function one(input: number, { ports, seed }: HttpFuzzOptions, figures: HttpFuzzFigures): Promise<void> {
  const random = new SeededRandom(seed + input);
  const port = random.pick(ports);
  const bytes = mutatedRequest(random);
  const begun = performance.now();
  const answer = await sent(port, bytes);
  figures.slowestMs = Math.max(figures.slowestMs, performance.now() - begun);
  const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d+)/gmu)].map(([, status]) => Number(status));
  if (statuses.length === 0 && answer !== '') throw new Error(`no HTTP: ${answer.slice(0, 200)}`);
  for (const status of statuses.length === 0 ? [0] : statuses) {
    figures.answers[status] = (figures.answers[status] ?? 0) + 1;
    if (status >= 500 && status !== 505)
      throw new Error(`status ${status} for ${JSON.stringify(bytes.toString('latin1'))}`);
  }
}

async function sent(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
    socket.end();
  });
  // A server may close before it has read all, by a reset too: a rejection would take that for no answer.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  const patience = setTimeout(() => socket.end(), PATIENCE_MS);
  const timer = setTimeout(() => socket.destroy(new Error('too slow')), SLOWEST_MS);
  const begun = performance.now();
  await closed;
  clearTimeout(timer);
  clearTimeout(patience);
  if (performance.now() - begun >= SLOWEST_MS) throw new Error('neither answered nor closed');
  return answer;
}
