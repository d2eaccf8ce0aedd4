import { readFileSync } from 'node:fs';
import { asksForRestart } from '@sluice/processes';
import { page, type Page } from '../processes/service-pages.ts';
import type { LogLine, ServiceEnd } from '../processes/service-process.ts';
import type { PipelineProcess } from '../pipelines/sink-pipeline.ts';
import type { KeptName } from './fault-servers.ts';

type Launch = (args?: readonly string[]) => Promise<PipelineProcess>;

/** As after a crash under a supervisor that waits a moment. */
const RESTART_AFTER_MS = 300;

/**
 * A service as a supervisor keeps it: when a process ends by itself and asks to be restarted, the next is started. What
 * all of its processes have said and used is kept for the judgement.
 */
export class KeptService {
  readonly name: KeptName;
  /** How processes ended that nobody had told to end, with their last line. */
  readonly ownEnds: string[] = [];
  readonly #launch: Launch;
  readonly #past: string[] = [];
  #peakBytes = 0;
  #isWanted = true;
  /** A process that is being started: it must be there before it can be ended. */
  #launching: Promise<PipelineProcess> | null = null;
  #now: PipelineProcess;

  static async start(name: KeptName, launch: Launch): Promise<KeptService> {
    return new KeptService(name, launch, await launch());
  }

  private constructor(name: KeptName, launch: Launch, first: PipelineProcess) {
    this.name = name;
    this.#launch = launch;
    this.#now = first;
    this.#keep(first);
  }

  get process(): PipelineProcess['process'] {
    return this.#now.process;
  }

  get configFile(): string {
    return this.#now.configFile;
  }

  get opsUrl(): string {
    return this.#now.opsUrl;
  }

  get metricsUrl(): string {
    return this.#now.metricsUrl;
  }

  /** Everything that its processes have written. */
  get output(): string {
    return [...this.#past, this.process.output].join('');
  }

  get log(): readonly LogLine[] {
    return this.process.log;
  }

  /** Most memory that one of its processes has had resident, in MiB. */
  get peakMiB(): number {
    this.#noteMemory();
    return this.#peakBytes / 1_048_576;
  }

  /** `kill -9`; nothing takes its place. */
  async kill(): Promise<void> {
    await this.#launching;
    this.#noteMemory();
    this.#isWanted = false;
    await this.process.kill();
  }

  /** SIGTERM; nothing takes its place. */
  async stop(): Promise<ServiceEnd & { readonly seconds: number }> {
    await this.#launching;
    this.#noteMemory();
    this.#isWanted = false;
    return this.process.stop();
  }

  /** A process in the place of one that has ended; with arguments, those of the command line. */
  async relaunch(args: readonly string[] = []): Promise<void> {
    this.#past.push(this.process.output);
    this.#isWanted = true;
    this.#launching = this.#launch(args);
    this.#now = await this.#launching;
    this.#launching = null;
    this.#keep(this.#now);
  }

  /** SIGSTOP: it holds its connections and does nothing. */
  pause(): void {
    process.kill(this.process.pid, 'SIGSTOP');
  }

  /** SIGCONT: it goes on as if no time had passed. */
  resume(): void {
    process.kill(this.process.pid, 'SIGCONT');
  }

  health(): Promise<Page> {
    return page(`${this.#now.opsUrl}/health`);
  }

  async isReady(): Promise<boolean> {
    return (await page(`${this.#now.opsUrl}/readyz`)).status === 200;
  }

  async isLive(): Promise<boolean> {
    return (await page(`${this.#now.opsUrl}/livez`)).status === 200;
  }

  async metrics(): Promise<string> {
    return (await page(this.#now.metricsUrl)).text;
  }

  async status(): Promise<unknown> {
    return (await page(`${this.#now.opsUrl}/status`)).body;
  }

  #keep(kept: PipelineProcess): void {
    void kept.process.ended.then(async ({ code, signal }) => {
      if (!this.#isWanted || kept !== this.#now) return;
      this.ownEnds.push(
        `${this.name} ended by ${signal ?? code}: ${kept.process.lastLines().split('\n').at(-1)}`,
      );
      if (code === null || !asksForRestart(code)) return;
      await new Promise((resolve) => setTimeout(resolve, RESTART_AFTER_MS));
      if (this.#isWanted && kept === this.#now) await this.relaunch();
    });
  }

  /** VmHWM, the peak of the resident set: proc(5). */
  #noteMemory(): void {
    try {
      const text = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
      const kibibytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
      this.#peakBytes = Math.max(this.#peakBytes, kibibytes * 1024);
    } catch {
      // It has ended.
    }
  }
}
