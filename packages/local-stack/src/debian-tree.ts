import { installDebian } from './install/debian-packages.ts';
import { cachedFolder } from './install/program-cache.ts';
import { stackHome } from './stack-home.ts';

export interface DebianTree {
  /** Name of the folder in the cache. */
  readonly key: string;
  readonly suite: 'sid' | 'bookworm';
  readonly packages: readonly string[];
  /** Without what they depend on: for the files in them, not for their programs. */
  readonly alone?: boolean;
}

export interface DebianTreeOptions {
  /** Default: process.env. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/**
 * The packages and all that they depend on, if not asked for alone, unpacked side by side in a folder of the cache; downloaded the first time.
 * Nothing of it is installed on the machine. Throws STACK_TOOL_MISSING, STACK_DOWNLOAD_FAILED.
 */
export function debianTree(tree: DebianTree, options: DebianTreeOptions = {}): Promise<string> {
  const {
    env = process.env,
    signal = new AbortController().signal,
    onProgress: progress = () => undefined,
  } = options;
  const context = { cache: stackHome(env).cache, env, signal, progress };
  return cachedFolder(tree.key, context, (folder, installer) => {
    progress(`downloading ${tree.packages.join(', ')} (Debian ${tree.suite})`);
    return installDebian(tree, folder, installer);
  });
}
