import type { ChildProcess } from 'node:child_process';
import { startService } from '@sluice/processes';
import { onTestFailed, TestRunner } from 'vitest';
import { eventually } from '../eventually.ts';
import { programEnv, programFile } from './programs.ts';
import type { Scope } from '../scope.ts';

const LINES_SHOWN = 12;
/** A failure that comes once in many runs is understood from what was printed then, or never. */
const LINES_OF_FAILURE = 60;
const CHARACTERS_OF_FAILURE = 400;
/** For a person who looks for the reason of a failure. */
const SHOW_LOGS = process.env['SLUICE_TEST_LOGS'] === '1';

export interface ServiceOptions {
  /** Folder below `services`. */
  readonly service: string;
  readonly configFile: string;
  /** Port of `/readyz` and `/status`, as the configuration has it. */
  readonly opsPort: number;
  readonly args?: readonly string[];
  /**
   * `onFatal` of sluice.yaml. Tests take `exit` where they do not say otherwise: they ask for the code, and learn at once of a service that
   * cannot go on.
   */
  readonly onFatal?: 'stay' | 'exit';
  /** Laid over that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node.js itself. */
  readonly nodeArgs?: readonly string[];
  /** A folder with the sources of another commit, installed: the service runs from there. */
  readonly repository?: string;
}

export interface ServiceEnd {
  /** Null when it ended by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of a service's log; the fields that tests look at. */
export interface LogLine {
  readonly level: string;
  readonly event?: string;
  readonly msg: string;
  readonly exitCode?: number;
  readonly err?: { readonly code?: string; readonly message?: string; readonly fix?: string };
}

/** One process of a service. Killed at the end of the scope. */
export class ServiceProcess {
  /** Resolves when the process has ended and its log is complete. */
  readonly ended: Promise<ServiceEnd>;
  readonly #options: ServiceOptions;
  readonly #child: ChildProcess;
  #output = '';
  #end: ServiceEnd | null = null;

  static start(scope: Scope, options: ServiceOptions): ServiceProcess {
    const started = new ServiceProcess(options);
    scope.defer(() => started.kill());
    if (TestRunner.getCurrentTest() !== undefined) onTestFailed(() => started.#show());
    return started;
  }

  private constructor(options: ServiceOptions) {
    this.#options = options;
    const { nodeArgs = [], args: serviceArgs = [], configFile, onFatal = 'exit', repository } = options;
    this.#child = startService({
      main: programFile(options.service, repository),
      args: ['--config', configFile, ...serviceArgs],
      nodeArgs,
      env: { ...programEnv(), SLUICE__ON_FATAL: onFatal, ...options.env },
      whenParentEnds: 'SIGKILL',
      output: 'pipe',
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        if (SHOW_LOGS) process.stderr.write(text);
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#end === null;
  }

  /** Everything it wrote to standard output and standard error. */
  get output(): string {
    return this.#output;
  }

  get log(): readonly LogLine[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Resolves when `/readyz` says yes; throws with the end of the log when the process ends before. */
  async ready(timeoutMs = 60_000): Promise<void> {
    const look = async (): Promise<boolean | 'ended'> => {
      if (!this.isRunning) return 'ended';
      return this.isReady();
    };
    const answer = await eventually(`${this.#options.service} to be ready`, look, { timeoutMs }).catch(
      (error: unknown) => {
        throw new Error(`not ready; its last lines:\n${this.lastLines()}`, { cause: error });
      },
    );
    if (answer === 'ended') throw new Error(`it ended before it was ready:\n${this.lastLines()}`);
  }

  /** What `/readyz` says; throws when nothing answers yet. */
  async isReady(): Promise<boolean> {
    return (await this.#get('/readyz')).ok;
  }

  /** Resolves when it runs but does not stream. */
  async notReady(): Promise<void> {
    await eventually('it to be not ready', async () => (await this.#get('/readyz')).status === 503);
  }

  /** Resolves when a line with this event has been logged. */
  async logged(event: string): Promise<void> {
    await eventually(`the log line ${event}`, () => this.log.some((line) => line.event === event));
  }

  /** The body of `/status`. */
  async status(): Promise<unknown> {
    return this.get('/status');
  }

  /** The body of one of its pages. */
  async get(path: string): Promise<unknown> {
    return (await this.#get(path)).json();
  }

  /** What it answers to an order on its ops port. */
  async order(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${this.#options.opsPort}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    return { status: response.status, body: await response.json() };
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** `kill -STOP`: it stands still, and nobody is told. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** `kill -CONT`. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** SIGTERM; how it ended and how long that took. */
  async stop(): Promise<ServiceEnd & { readonly seconds: number }> {
    const begun = performance.now();
    this.#child.kill('SIGTERM');
    const end = await this.ended;
    return { ...end, seconds: (performance.now() - begun) / 1000 };
  }

  /** The end of its log, for messages. */
  lastLines(): string {
    return this.#lines(LINES_SHOWN).join('\n');
  }

  #lines(count: number): string[] {
    return this.#output.trimEnd().split('\n').slice(-count);
  }

  #show(): void {
    const lines = this.#lines(LINES_OF_FAILURE).map((line) => line.slice(0, CHARACTERS_OF_FAILURE));
    process.stderr.write(`${this.#options.service}, process ${this.pid}:\n${lines.join('\n')}\n`);
  }

  #get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#options.opsPort}${path}`, { signal: AbortSignal.timeout(2000) });
  }
}
