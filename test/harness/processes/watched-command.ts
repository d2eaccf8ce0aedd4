import { spawn } from 'node:child_process';
import type { Scope } from '../scope.ts';
import { programEnv, programFile } from './programs.ts';

/** A `sluice` command that a test follows while it runs, and may kill. */
export interface WatchedCommand {
  /** Resolves when standard error has this text. */
  said(text: string): Promise<void>;
  /** `kill -9`. Resolves when it has ended. */
  kill(): Promise<void>;
}

/** @param line the command and its options, a word each */
export function watchCommand(scope: Scope, configFile: string, line: readonly string[]): WatchedCommand {
  const args = [programFile('sluice'), ...line, '--config', configFile];
  const child = spawn(process.execPath, args, { env: programEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  let text = '';
  const listeners = new Set<() => void>();
  const heard = (): void => listeners.forEach((listener) => listener());
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    heard();
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  scope.defer(kill);
  return {
    kill,
    said: (wanted) =>
      new Promise((resolve, reject) => {
        const listen = (): void => {
          if (text.includes(wanted)) resolve();
        };
        listeners.add(listen);
        void ended.then(() => reject(new Error(`it ended before it said "${wanted}":\n${text}`)));
        listen();
      }),
  };
}
