import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 100;

export interface KernelLock {
  release(): Promise<void>;
}

/**
 * A lock between processes that cannot go stale: a bound abstract Unix socket (unix(7)), which the kernel
 * frees with its process, however that one ends. `name` may be any text, for instance a path.
 * Resolves to null when another process (or this one) holds it.
 */
export async function tryKernelLock(name: string): Promise<KernelLock | null> {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(`\0sluice-${digest}`, () => {
      server.unref();
      resolve({ release: () => closeServer(server) });
    });
  });
}

/** Waits for the lock until `signal` aborts; `onWait` is called once if another process holds it. */
export async function kernelLock(name: string, signal: AbortSignal, onWait: () => void): Promise<KernelLock> {
  let told = false;
  for (;;) {
    signal.throwIfAborted();
    const lock = await tryKernelLock(name);
    if (lock !== null) return lock;
    if (!told) onWait();
    told = true;
    await delay(RETRY_MS, undefined, { signal });
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
