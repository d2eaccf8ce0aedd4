import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { ADDRESS_VARIABLES } from '@sluice/local-stack';
import { expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import {
  descendants,
  environmentValues,
  listeningPorts,
  survivors,
  type RunningProcess,
} from '../harness/processes/process-tree.ts';
import { testScope, type Scope } from '../harness/scope.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const CHANGES = 2000;
const EXIT_INTERRUPTED = 130;
/** Servers, services, the shop: a start on a busy machine. */
const STARTED_WITHIN_MS = 200_000;

test('`npm start -- --check` ends with its JSON line and exit code 0, and leaves nothing behind', async () => {
  const check = StartCommand.run(testScope(), '--check', '--changes', String(CHANGES));
  await check.says('the last row', /comparing every row/);
  const belongings = check.belongings();
  expect(await check.ended).toEqual({ code: 0, signal: null });
  const summary: unknown = JSON.parse(check.output.trimEnd().split('\n').at(-1) ?? '');
  const { rows } = summary as { readonly rows: number };
  const same = { compared: rows, different: 0, missing: 0, extra: 0 };
  expect(summary).toEqual({
    rows: expect.any(Number) as number,
    changes: CHANGES,
    redis: same,
    elasticsearch: same,
    mysql: same,
    seconds: expect.any(Number) as number,
  });
  expect(rows).toBeGreaterThan(10_000);
  // Nothing but the result goes to standard output.
  expect(check.output.trimEnd()).not.toContain('\n');
  expect(check.words.match(/kill -9 [\w-]+/g)).toEqual([
    'kill -9 capture',
    'kill -9 sink-elasticsearch',
    'kill -9 sink-mysql',
    'kill -9 sink-redis',
  ]);
  await expectNothingLeft(belongings);
}, 300_000);

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s in the middle leaves no process, port or folder',
  async (signal) => {
    const check = StartCommand.run(testScope(), '--check');
    // SIGINT comes while rows flow, SIGTERM while servers start.
    await check.says('the middle', signal === 'SIGINT' ? /kill -9 capture/ : /: ready on port/);
    const belongings = check.belongings();
    expect(belongings.processes.length).toBeGreaterThan(signal === 'SIGINT' ? 10 : 2);
    check.interrupt(signal);
    expect(await check.ended).toEqual({ code: EXIT_INTERRUPTED, signal: null });
    expect(check.output).toBe('');
    await expectNothingLeft(belongings);
  },
);

/** What runs, listens and lies on the disk because of one command. */
interface Belongings {
  readonly processes: readonly RunningProcess[];
  readonly ports: readonly number[];
  readonly folders: readonly string[];
}

async function expectNothingLeft({ processes, ports, folders }: Belongings): Promise<void> {
  expect(survivors(processes)).toEqual([]);
  const listening = await Promise.all(ports.map(async (port) => ({ port, answers: await answers(port) })));
  expect(listening.filter((each) => each.answers)).toEqual([]);
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });
}

/** `npm start`, without npm: what package.json runs, on servers of its own as a user has it. */
class StartCommand {
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  /** Standard output. */
  output = '';
  /** Standard error. */
  words = '';

  static run(scope: Scope, ...args: readonly string[]): StartCommand {
    const command = new StartCommand(args);
    scope.defer(async () => {
      command.#child.kill('SIGKILL');
      await command.ended;
    });
    return command;
  }

  private constructor(args: readonly string[]) {
    const addresses: readonly string[] = Object.values(ADDRESS_VARIABLES);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !addresses.includes(name)));
    this.#child = spawn('node', ['packages/cli/bootstrap.mjs', 'start', ...args], {
      cwd: REPOSITORY,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.words += text));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** Resolves when it has written such a line to standard error. */
  async says(what: string, pattern: RegExp): Promise<void> {
    const look = (): boolean | 'ended' =>
      pattern.test(this.words) || (this.#child.exitCode === null ? false : 'ended');
    const answer = await eventually(what, look, { timeoutMs: STARTED_WITHIN_MS }).catch((error: unknown) => {
      throw new Error(`it said:\n${this.words}`, { cause: error });
    });
    if (answer === 'ended') throw new Error(`it ended before ${what}:\n${this.words}`);
  }

  belongings(): Belongings {
    const processes = descendants(this.#child.pid ?? 0);
    const configs = environmentValues(processes, 'SLUICE_CONFIG');
    return {
      processes,
      ports: listeningPorts(processes),
      folders: [...configs.map((file) => dirname(file)), ...environmentValues(processes, 'SLUICE_STACK_RUN')],
    };
  }

  interrupt(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
