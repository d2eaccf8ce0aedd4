import { expect } from 'vitest';
import { runbookOf } from '../drills/runbook.ts';
import { eventually } from '../eventually.ts';
import type { PipelineProcess, ServiceName, SinkName, SinkPipeline } from '../pipelines/sink-pipeline.ts';
import { sluice } from '../processes/sluice-command.ts';

export type Release = 'OLD' | 'NEW';

interface CaptureStatus {
  readonly state: string;
  readonly instance: string;
  readonly snapshot: Readonly<Record<string, { readonly state: string }>>;
}

/** Every service is stopped orderly: no partition has to wait until its member is given up. */
const SETTINGS = { sessionTimeoutMs: 45_000 };
const LINE = /^(?<verb>start|stop) (?<release>OLD|NEW) sluice (?<service>capture|sink SINK)$/u;

/** A pipeline whose services are of one release or of the other, and what docs/upgrading.md says to do with them. */
export class TwoReleases {
  readonly #pipeline: SinkPipeline;
  readonly #sinks: readonly SinkName[];
  readonly #oldFolder: string | undefined;
  readonly #running = new Map<string, PipelineProcess>();

  /** @param oldFolder sources of the release before, installed; undefined: those that run this test */
  constructor(pipeline: SinkPipeline, sinks: readonly SinkName[], oldFolder: string | undefined) {
    this.#pipeline = pipeline;
    this.#sinks = sinks;
    this.#oldFolder = oldFolder;
  }

  get running(): readonly string[] {
    return [...this.#running.keys()].sort();
  }

  /** Starts them side by side; resolves when all are ready. */
  async start(release: Release, services: readonly ServiceName[]): Promise<void> {
    const repository = release === 'OLD' ? this.#oldFolder : undefined;
    const begun = await Promise.all(
      services.map((service) => this.#pipeline.launch(service, SETTINGS, [], repository)),
    );
    for (const service of begun) this.#running.set(`${release} ${service.name}`, service);
    await Promise.all(begun.map(({ process }) => process.ready()));
  }

  /** Resolves when the capture of a release has read these tables for the first time. */
  async firstSnapshots(release: Release, tables: readonly string[]): Promise<void> {
    const { database } = this.#pipeline;
    await eventually('the first snapshots', async () => {
      const { snapshot } = (await this.#of(`${release} capture`).process.status()) as CaptureStatus;
      return tables.every((table) => snapshot[`${database.name}.${table}`]?.state === 'done');
    });
  }

  /** Stops them side by side, each orderly. */
  async stop(release: Release, services: readonly ServiceName[]): Promise<void> {
    const ends = await Promise.all(
      services.map((service) => this.#take(`${release} ${service}`).process.stop()),
    );
    expect(ends.map(({ code }) => code)).toEqual(services.map(() => 0));
  }

  /**
   * Carries out the commands of a section of the page, those about SINK for each sink.
   * @param between awaited after each of them
   */
  async play(title: string, between: (line: string) => Promise<void>): Promise<void> {
    let started: Release = 'NEW';
    for (const line of runbookOf(title, 'upgrading.md')) {
      const { verb, release, service } = LINE.exec(line)?.groups ?? {};
      const services: readonly ServiceName[] =
        service === 'capture' ? ['capture'] : this.#sinks.map((sink) => `sink-${sink}` as const);
      if (verb === 'start') {
        started = release as Release;
        await this.start(started, services);
      } else if (verb === 'stop') await this.stop(release as Release, services);
      else if (line === 'sluice capture handover --to INSTANCE') await this.#handOver(started);
      else throw new RangeError(`nobody has said how to carry out: ${line}`);
      await between(line);
    }
  }

  /** The one that leads has to have heard of the standby. */
  async #handOver(to: Release): Promise<void> {
    const standby = this.#of(`${to} capture`);
    const { instance } = (await standby.process.status()) as CaptureStatus;
    await eventually('the handover', async () => {
      const { code, said } = await sluice(standby.configFile, 'capture handover --to', instance);
      if (code !== 0) throw new Error(said);
      return true;
    });
    await eventually('the other capture to stream', async () => {
      return ((await standby.process.status()) as CaptureStatus).state === 'streaming';
    });
  }

  #take(key: string): PipelineProcess {
    const service = this.#of(key);
    this.#running.delete(key);
    return service;
  }

  #of(key: string): PipelineProcess {
    const service = this.#running.get(key);
    if (service === undefined) throw new RangeError(`no ${key} runs`);
    return service;
  }
}
