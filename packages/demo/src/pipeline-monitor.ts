import type { ServiceView } from './live-view.ts';
import type { PipelineService } from './pipeline-services.ts';
import { figuresOf, readStatus } from './service-reading.ts';
import type { Reading } from './service-reading.ts';

/** Rates are those of this window. */
const WINDOW_MS = 10_000;

/** Reads the status pages of all services and remembers the last ten seconds of them. */
export class PipelineMonitor {
  readonly #services: readonly PipelineService[];
  readonly #histories = new Map<string, Reading[]>();

  constructor(services: readonly PipelineService[]) {
    this.#services = services;
  }

  /** One look at every service; one that does not answer has no figures. */
  look(): Promise<ServiceView[]> {
    return Promise.all(this.#services.map((service) => this.#lookAt(service)));
  }

  async #lookAt(service: PipelineService): Promise<ServiceView> {
    const reading = await readStatus(service.name, service.opsUrl);
    return {
      name: service.name,
      process: service.process.state,
      restarts: service.process.restarts,
      figures: reading === null ? null : figuresOf(reading, this.#remember(service.name, reading)),
      opsUrl: service.opsUrl,
      metricsUrl: service.metricsUrl,
    };
  }

  /** Returns the oldest reading of the window; none when the process is not the one read last. */
  #remember(name: string, reading: Reading): Reading | undefined {
    const before = this.#histories.get(name) ?? [];
    const sameProcess = before.filter(({ status }) => status.startedAt === reading.status.startedAt);
    const window = sameProcess.filter((old) => reading.at - old.at <= WINDOW_MS);
    this.#histories.set(name, [...window, reading]);
    return window[0];
  }
}
