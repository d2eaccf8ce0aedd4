import { installDebian } from '../install/debian-packages.ts';
import { cachedFolder } from '../install/program-cache.ts';
import { debianCommand } from '../install/unpacked-program.ts';
import { exchange } from './exchange.ts';
import type { ServerDefinition, ServerRun } from './server.ts';

export const REDIS: ServerDefinition = {
  title: 'Redis',
  install: async (context) => ({
    program: await cachedFolder('redis-sid', context, (folder, installer) => {
      context.progress('redis: downloading (Debian sid, about 15 MB)');
      return installDebian({ suite: 'sid', packages: ['redis-server'] }, folder, installer);
    }),
    template: null,
  }),
  prepare: async (run) => ({
    ...debianCommand(run.program, 'usr/bin/redis-server', redisArguments(run)),
    env: {},
    cwd: run.folder,
  }),
  answers: async (host, port) => {
    const answer = await exchange(host, port, Buffer.from('PING\r\n'), (received) =>
      received.includes('\r\n'),
    );
    // A server that asks for a password answers, too.
    return /^(\+PONG|-NOAUTH)/.test(answer?.toString('latin1') ?? '');
  },
};

export function redisArguments(run: Pick<ServerRun, 'folder' | 'port' | 'flags'>): string[] {
  const settings = {
    bind: '127.0.0.1',
    port: String(run.port),
    dir: run.folder,
    save: '',
    appendonly: 'no',
    daemonize: 'no',
  };
  return [...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), ...run.flags];
}
