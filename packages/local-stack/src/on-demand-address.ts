import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ErrorCode, PipelineError } from '@sluice/runtime';
import { ADDRESS_VARIABLES } from './environment.ts';
import type { ServerName } from './servers/server.ts';

const SCHEME = 'on-demand:';

/** What the process that holds the servers answers. */
export type Answer = { readonly address: string } | { readonly code: ErrorCode; readonly message: string };

/** In the place of an address: whoever needs it asks there, and the server is started if it does not run yet. */
export function onDemand(name: string): string {
  return SCHEME + name;
}

/** An abstract Unix socket (unix(7)): it goes with its process, so none is left behind. */
export function socketPath(name: string): string {
  return `\0${name}`;
}

/**
 * The environment with the server's own address where `on-demand:` stood; otherwise as it was. Resolves when the server answers.
 * Throws as `startStack` does.
 */
export async function withStartedServer(
  server: ServerName,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const variable = ADDRESS_VARIABLES[server];
  const value = env[variable]?.trim() ?? '';
  if (!value.startsWith(SCHEME)) return env;
  const answer = await ask(value.slice(SCHEME.length), server);
  if ('code' in answer) throw new PipelineError(answer.code, answer.message);
  return { ...env, [variable]: answer.address };
}

async function ask(name: string, server: ServerName): Promise<Answer> {
  const socket = connect(socketPath(name));
  socket.end(server);
  try {
    return JSON.parse(await text(socket)) as Answer;
  } catch (cause) {
    throw new PipelineError('STACK_SERVER_FAILED', 'the process that held the servers has ended', { cause });
  }
}
