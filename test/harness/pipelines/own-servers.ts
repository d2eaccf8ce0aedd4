import { ADDRESS_VARIABLES, startStack, type ServerName, type Stack } from '@sluice/local-stack';
import type { Scope } from '../scope.ts';

/**
 * Servers of a test's own, though the environment names running ones: for settings that are global to a server, which
 * others must not feel. Stopped at the end of the scope, which fails when one of them has ended by itself before.
 * @param flags per server in its own notation, e.g. `--binlog-format=STATEMENT`
 * @param shared further servers, which may be those that the environment names
 * @param given the environment
 */
export async function ownServers(
  scope: Scope,
  flags: Partial<Readonly<Record<ServerName, readonly string[]>>>,
  shared: readonly ServerName[] = [],
  given: NodeJS.ProcessEnv = process.env,
): Promise<Stack> {
  const own = Object.keys(flags) as ServerName[];
  const addresses = new Set(own.map((server) => ADDRESS_VARIABLES[server]));
  const env = Object.fromEntries(Object.entries(given).filter(([name]) => !addresses.has(name)));
  const stack = await startStack({ servers: [...own, ...shared], flags, env });
  scope.defer(() => stopped(stack, own));
  return stack;
}

/** Throws STACK_SERVER_FAILED with the end of a server's log: what a test saw of its end are refused connections. */
async function stopped(stack: Stack, own: readonly ServerName[]): Promise<void> {
  const losses = await Promise.all(own.map((server) => stack.lost(server)));
  await stack.stop();
  for (const loss of losses) if (loss !== null) throw loss;
}
