import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

const PLATFORMS: Partial<Record<NodeJS.Architecture, { triplet: string; loader: string }>> = {
  x64: { triplet: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { triplet: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};

/**
 * How to start a program of an unpacked Debian tree: through the tree's own dynamic loader (ld.so(8)) and
 * libraries, because the host's may be older than the program needs.
 */
export function debianCommand(
  root: string,
  program: string,
  args: readonly string[],
): { command: string; args: string[] } {
  const platform = PLATFORMS[process.arch];
  if (platform === undefined) throw new Error(`no Debian servers for processor type ${process.arch}`);
  const libraries = ['usr/lib', 'lib'].map((folder) => join(root, folder, platform.triplet));
  const folder = libraries.find((path) => existsSync(join(path, platform.loader))) ?? '';
  return {
    command: join(folder, platform.loader),
    args: ['--library-path', libraries.join(':'), '--argv0', basename(program), join(root, program), ...args],
  };
}
