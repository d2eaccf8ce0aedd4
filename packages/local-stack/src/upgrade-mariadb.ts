import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import type { InstallerContext } from './install/program-cache.ts';
import { debianCommand } from './install/unpacked-program.ts';
import { lastLines, runProgram } from './run-program.ts';
import { installMariadb, mariadbServer, type MariadbVersion } from './servers/mariadb-server.ts';
import { stackHome } from './stack-home.ts';
import type { MysqlServer, Stack } from './stack.ts';

/** mariadb-upgrade(1) runs the two others, and looks for them in its own folder. */
const CLIENTS = ['mariadb-upgrade', 'mariadb', 'mariadb-check'] as const;

/**
 * The MariaDB of a stack of its own, which was ended orderly: from its next start on it is that version, on the same port, with its settings and
 * its data. Throws what `startStack` throws.
 */
export async function changeMariadb(stack: Stack, version: MariadbVersion): Promise<void> {
  const { program } = await installMariadb(version, installerContext());
  stack.changeTo('mariadb', mariadbServer(version), program);
}

/**
 * Runs that version's `mariadb-upgrade` on a server. Throws STACK_SERVER_FAILED with the end of what it said.
 * @param folder an empty one of the caller's: how to start the programs is written there
 */
export async function runMariadbUpgrade(
  server: MysqlServer,
  version: MariadbVersion,
  folder: string,
): Promise<string> {
  const { program } = await installMariadb(version, installerContext());
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const client of CLIENTS) {
    const { command, args } = debianCommand(program, `usr/bin/${client}`, []);
    const file = join(bin, client);
    await writeFile(file, `#!/bin/sh\nexec ${shellWords([command, ...named(args, file)])} "$@"\n`);
    await chmod(file, 0o700);
  }
  const { host, port, user, password } = server;
  const login = [`--host=${host}`, `--port=${port}`, '--protocol=TCP', `--user=${user}`];
  const result = await runProgram(join(bin, 'mariadb-upgrade'), [
    '--no-defaults',
    ...login,
    `--password=${password}`,
    // What the server asks of its own kind is no question here: all of it is on the loopback interface.
    '--skip-ssl',
  ]);
  if (result.ok) return result.output;
  throw new PipelineError('STACK_SERVER_FAILED', `mariadb-upgrade failed:\n${lastLines(result.output, 10)}`);
}

/** With the path of the script as the program's own name: what it runs is looked for beside that. */
function named(args: readonly string[], file: string): readonly string[] {
  const at = args.indexOf('--argv0');
  return args.toSpliced(at + 1, 1, file);
}

function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
}

function installerContext(): InstallerContext {
  const { env } = process;
  return {
    cache: stackHome(env).cache,
    env,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}
