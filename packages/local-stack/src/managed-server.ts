import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PipelineError } from '@sluice/runtime';
import { logTail } from './log-tail.ts';
import type { Installation, ServerDefinition, ServerRun } from './servers/server.ts';
import type { Launch, ProcessSignal } from './supervision.ts';
import type { SupervisorClient } from './supervisor-client.ts';

const START_TIMEOUT_MS = 180_000;
const EXIT_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
export const LOOPBACK = '127.0.0.1';

/** How a server was prepared: all but the data that it began with. */
type Place = Omit<ServerRun, 'program' | 'template'>;

/** One server process of a stack: started, killed and started again on the same port and data. */
export class ManagedServer {
  readonly name: string;
  readonly port: number;
  #definition: ServerDefinition;
  readonly #supervisor: SupervisorClient;
  readonly #place: Place;
  #launch: Launch;
  #pid: number | null = null;

  private constructor(
    name: string,
    definition: ServerDefinition,
    supervisor: SupervisorClient,
    place: Place,
    launch: Launch,
  ) {
    this.name = name;
    this.port = place.port;
    this.#definition = definition;
    this.#supervisor = supervisor;
    this.#place = place;
    this.#launch = launch;
  }

  /** Makes the server's folder below `runFolder`; nothing runs yet. */
  static async prepare(
    name: string,
    definition: ServerDefinition,
    supervisor: SupervisorClient,
    run: Installation & Omit<ServerRun, 'folder'> & { readonly runFolder: string },
  ): Promise<ManagedServer> {
    const folder = join(run.runFolder, name);
    await mkdir(folder);
    const launch = await definition.prepare({ ...run, folder });
    const logFile = join(run.runFolder, `${name}.log`);
    return new ManagedServer(name, definition, supervisor, { ...run, folder }, { ...launch, logFile });
  }

  get pid(): number {
    if (this.#pid === null) throw new PipelineError('STACK_SERVER_FAILED', `${this.name} does not run`);
    return this.#pid;
  }

  /** Resolves when the server answers. Throws STACK_SERVER_FAILED, with the end of its log, if it ends or takes over 180 s. */
  async start(signal: AbortSignal): Promise<void> {
    const pid = await this.#supervisor.launch(this.name, this.#launch);
    this.#pid = pid;
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#definition.answers(LOOPBACK, this.port))) {
      signal.throwIfAborted();
      const exit = this.#supervisor.exitOf(pid);
      if (exit !== null) throw await this.#failure(`ended while starting (${exit})`);
      if (Date.now() > deadline)
        throw await this.#failure(`did not answer within ${START_TIMEOUT_MS / 1000} s`);
      await delay(POLL_MS, undefined, { signal });
    }
  }

  /** From its next start on it is another version, which takes its data over. Throws STACK_SERVER_FAILED for a server without one. */
  changeTo(definition: ServerDefinition, program: string): void {
    const launch = definition.takeOver?.({ ...this.#place, program });
    if (launch === undefined)
      throw new PipelineError('STACK_SERVER_FAILED', `${this.name} has no other version`);
    this.#definition = definition;
    this.#launch = { ...launch, logFile: this.#launch.logFile };
  }

  /** Sends a signal to the server and its helpers; for one that ends it, resolves when it has ended. */
  async kill(signal: ProcessSignal): Promise<void> {
    const pid = this.pid;
    await this.#supervisor.signal(this.name, signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    const deadline = Date.now() + EXIT_TIMEOUT_MS;
    while (this.#supervisor.exitOf(pid) === null) {
      if (Date.now() > deadline)
        throw await this.#failure(`ignored ${signal} for ${EXIT_TIMEOUT_MS / 1000} s`);
      await delay(POLL_MS);
    }
    this.#pid = null;
  }

  /** What to tell of a server that has ended though nobody killed it; null for one that runs. */
  async lost(): Promise<PipelineError | null> {
    const exit = this.#pid === null ? null : this.#supervisor.exitOf(this.#pid);
    return exit === null ? null : this.#failure(`ended by itself (${exit})`);
  }

  async #failure(what: string): Promise<PipelineError> {
    const log = await readFile(this.#launch.logFile, 'utf8').catch(() => '');
    return new PipelineError(
      'STACK_SERVER_FAILED',
      `${this.#definition.title} ${what}; its last words:\n${logTail(log)}`,
    );
  }
}
