/**
 * Program, not a module: the parent of every server of one stack. It keeps the promise that nothing is left
 * behind: when the process that asked for the stack ends, in whatever way, the channel to it closes, and the
 * supervisor kills the servers, removes the run folder and ends. It sits in a session of its own, so Ctrl-C
 * in a terminal does not reach it or the servers before the stack has decided what to do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { signalGroup } from '@sluice/processes/groups';
import { dyingWithParent } from './die-with-parent.ts';
import { tryKernelLock } from './kernel-lock.ts';
import { RUN_VARIABLE } from './run-processes.ts';
import type { Command, Launch, ProcessSignal, Report } from './supervision.ts';

const children = new Map<string, ChildProcess>();
let runFolder: string | null = null;
let stopping = false;

process.on('disconnect', () => void stopAll());
process.on('SIGTERM', () => void stopAll());
process.on('SIGINT', () => void stopAll());
process.on('SIGHUP', () => undefined);
process.on('message', (command: Command) => {
  execute(command).then(
    (pid) => report({ kind: 'done', id: command.id, pid }),
    (error: unknown) => report({ kind: 'refused', id: command.id, reason: String(error) }),
  );
});

async function execute(command: Command): Promise<number> {
  switch (command.kind) {
    case 'open':
      return open(command.folder);
    case 'launch':
      return launch(command.name, command.launch);
    case 'signal':
      return send(command.name, command.signal);
    case 'stop':
      return stopAll();
  }
}

/** The lock tells the next stack's sweep that this run folder has an owner. */
async function open(folder: string): Promise<number> {
  if ((await tryKernelLock(folder)) === null) throw new Error(`${folder} is in use`);
  mkdirSync(folder, { recursive: true });
  runFolder = folder;
  return process.pid;
}

function launch(name: string, { cwd, env, logFile, ...program }: Launch): Promise<number> {
  if (stopping || runFolder === null) throw new Error('the stack is not open');
  // By its mark the next stack's sweep finds what is left, should the supervisor itself be killed.
  const marked = { ...env, [RUN_VARIABLE]: runFolder };
  const { command, args } = dyingWithParent(program.command, program.args, process.env);
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { cwd, env: marked, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  children.set(name, child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      children.delete(name);
      reject(error);
    });
    child.once('spawn', () => {
      resolve(child.pid ?? 0);
    });
    child.once('exit', (code, signal) => {
      if (children.get(name) === child) children.delete(name);
      if (child.pid === undefined) return;
      signalGroup(child.pid, 'SIGKILL'); // helpers of the server that outlived it
      report({ kind: 'exited', name, pid: child.pid, how: signal ?? `exit code ${code}` });
    });
  });
}

function send(name: string, signal: ProcessSignal): number {
  const child = children.get(name);
  if (child?.pid === undefined) throw new Error(`${name} is not running`);
  signalGroup(child.pid, signal);
  return child.pid;
}

async function stopAll(): Promise<number> {
  if (stopping) return process.pid;
  stopping = true;
  await Promise.all([...children.values()].map(kill));
  if (runFolder !== null) rmSync(runFolder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  // The answer to `stop` is the end of this process.
  process.exit(0);
}

/** The data is thrown away, so there is nothing to shut down in order. */
function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) resolve();
    else signalGroup(child.pid, 'SIGKILL');
  });
}

function report(message: Report): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}
