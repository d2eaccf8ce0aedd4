import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { fuzzHttp, type HttpFuzzFigures } from './http-fuzz.ts';

export interface FuzzedServer extends HttpFuzzFigures {
  readonly seed: number;
  /** Audit entries of refusals. */
  readonly entries: number;
  /** Of the server's heap and buffers, above what it had after the first inputs. */
  readonly growthBytes: number;
}

interface Told {
  readonly orders: number;
  readonly entries: number;
  readonly bytes: number;
}

/** After as many inputs everything that is made once is made. */
const WARM_UP = 2000;
const MOST_GROWTH_BYTES = 64 << 20;

/** Throws when the server ends, does not answer, obeys an order, or grows. */
export async function runHttpFuzz(
  {
    inputs,
    seed,
    tokensFile,
  }: { readonly inputs: number; readonly seed: number; readonly tokensFile: string },
  say: (line: string) => void = () => undefined,
): Promise<FuzzedServer> {
  const file = new URL('guarded-server.ts', import.meta.url);
  const worker = new Worker(file, { argv: [tokensFile] });
  const ended = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  ended.catch(() => undefined);
  const ask = async (): Promise<Told> => {
    worker.postMessage('tell');
    const [told] = (await Promise.race([once(worker, 'message'), ended])) as [Told];
    return told;
  };
  try {
    const [{ ports }] = (await Promise.race([once(worker, 'message'), ended])) as [{ ports: number[] }];
    const onProgress = (count: number): void => {
      if (count % 50_000 === 0) say(`${count} inputs`);
    };
    const run = (count: number, from: number) =>
      Promise.race([fuzzHttp({ ports, inputs: count, seed: from, onProgress }), ended]);
    await run(Math.min(WARM_UP, inputs), seed);
    const before = await ask();
    const figures = await run(inputs, seed + WARM_UP);
    const after = await ask();
    const growthBytes = after.bytes - before.bytes;
    if (after.orders > 0) throw new Error(`${after.orders} orders were obeyed without a token`);
    if (growthBytes > MOST_GROWTH_BYTES) throw new Error(`the server has grown by ${growthBytes} bytes`);
    return { seed, ...figures, entries: after.entries, growthBytes };
  } finally {
    worker.removeAllListeners('exit');
    await worker.terminate();
  }
}
