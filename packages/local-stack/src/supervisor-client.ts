import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import type { Command, Launch, ProcessSignal, Report } from './supervision.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Pending {
  resolve(pid: number): void;
  reject(error: Error): void;
}

/** The stack's side of the supervisor process. */
export class SupervisorClient {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #exits = new Map<number, string>();
  readonly #ended: Promise<void>;
  #lastId = 0;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'supervisor.ts'), [], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (report: Report) => this.#accept(report));
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    void this.#ended.then(() => this.#rejectAll());
    // A running stack is no reason for its user's process to stay alive.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  async open(folder: string): Promise<void> {
    await this.#ask({ kind: 'open', folder });
  }

  launch(name: string, launch: Launch): Promise<number> {
    return this.#ask({ kind: 'launch', name, launch });
  }

  async signal(name: string, signal: ProcessSignal): Promise<void> {
    await this.#ask({ kind: 'signal', name, signal });
  }

  /** How the process ended ("SIGKILL", "exit code 1"), or null while it runs. */
  exitOf(pid: number): string | null {
    return this.#exits.get(pid) ?? null;
  }

  /** Resolves when the servers and the run folder are gone. */
  async stop(): Promise<void> {
    this.#child.ref();
    void this.#ask({ kind: 'stop' }).catch(() => undefined);
    await this.#ended;
  }

  #ask(command: WithoutId<Command>): Promise<number> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) {
        reject(supervisorGone());
        return;
      }
      this.#pending.set(id, { resolve, reject });
      this.#child.channel?.ref();
      this.#child.send({ ...command, id }, (error) => {
        if (error !== null) this.#take(id)?.reject(supervisorGone());
      });
    });
  }

  #accept(report: Report): void {
    if (report.kind === 'exited') {
      this.#exits.set(report.pid, report.how);
      return;
    }
    const pending = this.#take(report.id);
    if (report.kind === 'done') pending?.resolve(report.pid);
    else pending?.reject(new PipelineError('STACK_SERVER_FAILED', report.reason));
  }

  /** The order has its answer. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#child.channel?.unref();
    return pending;
  }

  #rejectAll(): void {
    for (const pending of this.#pending.values()) pending.reject(supervisorGone());
    this.#pending.clear();
  }
}

function supervisorGone(): PipelineError {
  return new PipelineError('STACK_SERVER_FAILED', 'the process that supervises the servers has ended');
}
