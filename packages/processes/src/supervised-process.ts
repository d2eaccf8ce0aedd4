import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { EXIT, fullJitter } from '@sluice/runtime';
import { asksForRestart } from './restarts.ts';
import { startService } from './start-service.ts';

export interface ProcessSpec {
  readonly name: string;
  /** The module that Node runs. */
  readonly main: string;
  readonly args?: readonly string[];
  /** Added to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard output and error are appended here. */
  readonly logFile: string;
}

/** `waiting`: ended, to be started again. `failed`: ended with a code that says "fix me". */
export type ProcessState = 'running' | 'waiting' | 'stopped' | 'failed';

const BACKOFF = { initialMs: 500, maxMs: 10_000 };
/** A run this long was a success: the next failure starts the backoff from its beginning. */
const STEADY_MS = 30_000;
/** Longer than a service's own grace of 25 s. */
const KILL_AFTER_MS = 28_000;

/**
 * A Node process that is started again, with growing waits, whenever it dies by a signal or an unexpected error.
 * It has a process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops things in order.
 */
export class SupervisedProcess {
  readonly name: string;
  /** Resolves to the exit code when the process has ended for good. */
  readonly ended: Promise<number>;
  readonly #spec: ProcessSpec;
  readonly #onEvent: (line: string) => void;
  readonly #settle: (code: number) => void;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #state: ProcessState = 'running';
  #restarts = 0;
  #attempt = 0;
  #stopping = false;

  /** Starts at once. `onEvent` gets one line per end and start. */
  constructor(spec: ProcessSpec, onEvent: (line: string) => void) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.name = spec.name;
    this.ended = promise;
    this.#settle = resolve;
    this.#spec = spec;
    this.#onEvent = onEvent;
    this.#start();
  }

  get state(): ProcessState {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Kills the running process without warning; it will be started again. False when none is running. */
  crash(): boolean {
    return this.#child?.kill('SIGKILL') ?? false;
  }

  /** Asks the process to drain and waits for it; after 28 s it is killed. Resolves to its exit code. */
  async stop(): Promise<number> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const child = this.#child;
    if (child === null) {
      this.#finish(this.#state === 'failed' ? EXIT.fatal : EXIT.stopped);
      return this.ended;
    }
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    const code = await this.ended;
    clearTimeout(force);
    return code;
  }

  #start(): void {
    const { main, args = [], env, logFile } = this.#spec;
    const log = openSync(logFile, 'a');
    const child = startService({
      main,
      args,
      env: { ...process.env, ...env },
      whenParentEnds: 'SIGTERM',
      output: log,
      ownGroup: true,
    });
    closeSync(log);
    const startedAt = performance.now();
    this.#child = child;
    this.#state = 'running';
    child.once('error', () => this.#onExit(EXIT.unexpected, null, startedAt));
    child.once('exit', (code, signal) => this.#onExit(code, signal, startedAt));
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null, startedAt: number): void {
    if (this.#child === null) return;
    this.#child = null;
    const how = signal === null ? `exit code ${code}` : signal;
    const exitCode = code ?? EXIT.unexpected;
    if (this.#stopping || (signal === null && !asksForRestart(exitCode))) {
      this.#onEvent(`${this.name} ended (${how})`);
      this.#finish(exitCode);
      return;
    }
    if (performance.now() - startedAt > STEADY_MS) this.#attempt = 0;
    const waitMs = fullJitter(this.#attempt, BACKOFF);
    this.#attempt += 1;
    this.#state = 'waiting';
    this.#onEvent(`${this.name} ended (${how}); starting it again in ${(waitMs / 1000).toFixed(1)} s`);
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      this.#start();
    }, waitMs);
  }

  #finish(exitCode: number): void {
    this.#state = exitCode === EXIT.stopped || this.#stopping ? 'stopped' : 'failed';
    this.#settle(exitCode);
  }
}
