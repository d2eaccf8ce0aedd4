import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultCase } from './fault-case.ts';
import { FaultPipeline } from './fault-pipeline.ts';
import { versionOf, versionsBesideSource } from '../pipelines/server-versions.ts';
import { startFaultServers, type FaultServers } from './fault-servers.ts';
import { judge, type Verdict } from './judge.ts';

/** Cases that one pipeline sees: each is held against all that was ever published in it. */
const CASES_PER_PIPELINE = 6;

interface Standing<T> {
  readonly scope: AsyncDisposableStack;
  readonly what: T;
}

/**
 * Servers and a pipeline that stay for the next case as long as all is well: to start them takes longer than most faults.
 * After a case that failed both are new.
 */
export class Stage {
  readonly #ownsElasticsearch: boolean;
  readonly #logFolder: string;
  #servers: Standing<FaultServers> | null = null;
  #pipeline: Standing<FaultPipeline> | null = null;
  #played = 0;
  #versions: string | null = null;

  /** @param logFolder for what the services wrote when a case failed */
  constructor(options: { readonly ownsElasticsearch: boolean; readonly logFolder: string }) {
    this.#ownsElasticsearch = options.ownsElasticsearch;
    this.#logFolder = options.logFolder;
  }

  /** Versions of the servers that the last case was played on, in words; null before the first. */
  get servers(): string | null {
    return this.#versions;
  }

  async play(name: string, fault: FaultCase, seed: number): Promise<Verdict> {
    const isAlone = fault.pipeline !== undefined;
    if (!hasWhatItWishes(fault, this.#servers?.what ?? null)) await this.#clear('servers');
    if (isAlone || this.#played >= CASES_PER_PIPELINE) await this.#clear('pipeline');
    try {
      const pipeline = await this.#ready(fault);
      const verdict = await judge(fault, pipeline, seed);
      if (verdict.problems.length > 0) {
        this.#keepLogs(name, pipeline);
        await this.#clear('servers');
      }
      if (isAlone) await this.#clear('pipeline');
      return verdict;
    } catch (error) {
      await this.#clear('servers');
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { recoverySeconds: null, problems: [`it could not be judged: ${reason}`], figures: [] };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clear('servers');
  }

  #keepLogs(name: string, { kept }: FaultPipeline): void {
    mkdirSync(this.#logFolder, { recursive: true });
    for (const service of kept)
      writeFileSync(join(this.#logFolder, `${name}.${service.name}.log`), service.output);
  }

  async #ready(fault: FaultCase): Promise<FaultPipeline> {
    const { brokers = 1, replicated = null } = fault;
    const wishes = { ownsElasticsearch: this.#ownsElasticsearch, brokers, replicated };
    this.#servers ??= await standing((scope) => startFaultServers(scope, wishes));
    const servers = this.#servers.what;
    this.#versions ??= await versionsOf(servers);
    this.#played++;
    this.#pipeline ??= await standing((scope) => FaultPipeline.start(scope, servers, fault.pipeline));
    return this.#pipeline.what;
  }

  async #clear(what: 'pipeline' | 'servers'): Promise<void> {
    const pipeline = this.#pipeline;
    this.#pipeline = null;
    this.#played = 0;
    await pipeline?.scope.disposeAsync();
    if (what === 'pipeline') return;
    const servers = this.#servers;
    this.#servers = null;
    this.#versions = null;
    await servers?.scope.disposeAsync();
  }
}

/** Of a source and its replica the roles change: they serve one case. */
function hasWhatItWishes(fault: FaultCase, servers: FaultServers | null): boolean {
  if (servers === null) return true;
  if (fault.replicated !== undefined || servers.replicated !== null) return false;
  return (servers.cluster !== null) === (fault.brokers ?? 1) > 1;
}

async function versionsOf({ stack, source }: FaultServers): Promise<string> {
  return `${source.flavour === 'mysql' ? 'MySQL' : 'MariaDB'} ${await versionOf(source)}, ${await versionsBesideSource(stack)}`;
}

async function standing<T>(make: (scope: AsyncDisposableStack) => Promise<T>): Promise<Standing<T>> {
  const scope = new AsyncDisposableStack();
  try {
    return { scope, what: await make(scope) };
  } catch (error) {
    await scope.disposeAsync();
    throw error;
  }
}
