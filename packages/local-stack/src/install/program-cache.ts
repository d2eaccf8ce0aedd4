import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { kernelLock } from '../kernel-lock.ts';

/** Of one download step, on a slow line. */
export const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;

/** A killed build's program may be writing still, for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

/** What the steps of an installation share. */
export interface Installer {
  readonly cache: string;
  /** An empty folder for scratch files. */
  readonly temporary: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export type InstallerContext = Omit<Installer, 'temporary'>;

/**
 * The folder `<cache>/<key>`, made by `build` if it is not there. `build` fills a temporary folder that gets
 * its name at the end, so an interrupted or failed build leaves nothing that looks complete; of several
 * processes one builds and the others wait.
 */
export async function cachedFolder(
  key: string,
  context: InstallerContext,
  build: (folder: string, installer: Installer) => Promise<void>,
): Promise<string> {
  const folder = join(context.cache, key);
  if (await exists(folder)) return folder;
  await mkdir(context.cache, { recursive: true });
  const lock = await kernelLock(folder, context.signal, () =>
    context.progress(`${key}: another process is preparing it, waiting`),
  );
  try {
    if (await exists(folder)) return folder;
    // One name per key, so what a killed build left behind is removed by the next one.
    const work = join(context.cache, `.building-${key}`);
    await rm(work, REMOVAL);
    const [partial, temporary] = [join(work, 'folder'), join(work, 'scratch')];
    await mkdir(partial, { recursive: true });
    await mkdir(temporary);
    try {
      await build(partial, { ...context, temporary });
      await rename(partial, folder);
    } finally {
      await rm(work, REMOVAL);
    }
    return folder;
  } finally {
    await lock.release();
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
