import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '@sluice/local-stack';
import type { Scope } from '../scope.ts';
import { ServiceProcess } from '../processes/service-process.ts';
import type { PipelineProcess, ServiceName } from '../pipelines/sink-pipeline.ts';
import type { FaultServers } from './fault-servers.ts';
import { laidOver, serviceConfig, type Sections } from './service-config.ts';

/** What a case wants otherwise than usual. */
export interface PipelineWishes {
  /** Laid over the sections of sluice.yaml of every service. */
  readonly sections?: Sections;
  /** A second capture, which stands by; both have ways of their own to Kafka and to each server of the source (`capture-pair.ts`). */
  readonly isPair?: boolean;
  /** Options of Node.js for one service. */
  readonly nodeArgs?: Partial<Readonly<Record<ServiceName, readonly string[]>>>;
  /** As in sluice.yaml. */
  readonly onFatal?: 'stay' | 'exit';
  /** Run in the new database before anything starts. */
  readonly statements?: readonly string[];
}

/** What a process is started with beside its sluice.yaml. */
export interface ProcessOptions {
  /** Options of Node.js. */
  readonly nodeArgs?: readonly string[];
  /** Laid over the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts processes of the services of one pipeline, each with ports and a sluice.yaml of its own. */
export class ServiceLauncher {
  readonly #scope: Scope;
  readonly #servers: FaultServers;
  readonly #name: string;
  readonly #folder: string;
  readonly #onFatal: NonNullable<PipelineWishes['onFatal']>;
  readonly #options: Partial<Record<ServiceName, ProcessOptions>> = {};
  #sections: Sections;

  /** @param of name of the pipeline, and a folder for the configuration files */
  constructor(
    scope: Scope,
    servers: FaultServers,
    of: { readonly name: string; readonly folder: string; readonly wishes: PipelineWishes },
  ) {
    this.#scope = scope;
    this.#servers = servers;
    this.#name = of.name;
    this.#folder = of.folder;
    this.#onFatal = of.wishes.onFatal ?? 'exit';
    for (const [service, nodeArgs] of Object.entries(of.wishes.nodeArgs ?? {}))
      this.#options[service as ServiceName] = { nodeArgs };
    this.#sections = of.wishes.sections ?? {};
  }

  /** Lays other sections over the usual ones, for processes that are started from now on. */
  configure(sections: Sections): void {
    this.#sections = sections;
  }

  /** In the place of the options that the service had, for processes that are started from now on. */
  setOptions(service: ServiceName, options: ProcessOptions): void {
    this.#options[service] = options;
  }

  /** It is not ready yet. @param own laid over the sections of this process alone */
  async launch(
    service: ServiceName,
    args: readonly string[] = [],
    own: Sections = {},
  ): Promise<PipelineProcess> {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const configFile = join(this.#folder, `${service}-${port}.yaml`);
    const of = {
      name: this.#name,
      service,
      ops: { port, metricsPort },
      sections: laidOver(this.#sections, own),
    };
    await writeFile(configFile, JSON.stringify(serviceConfig(this.#servers, of), null, 2));
    const how = { service, configFile, opsPort: port, args, onFatal: this.#onFatal };
    const process = ServiceProcess.start(this.#scope, { ...how, ...this.#options[service] });
    return {
      name: service,
      process,
      opsUrl: `http://127.0.0.1:${port}`,
      metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
      configFile,
    };
  }
}
