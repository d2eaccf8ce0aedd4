import { readStatus, RecentReadings, type ServiceView } from '@sluice/ops-api/live';
import type { PipelineService } from './pipeline-services.ts';

/** Reads the status pages of all services. */
export class PipelineMonitor {
  readonly #services: ReadonlyMap<PipelineService, RecentReadings>;

  constructor(services: readonly PipelineService[]) {
    this.#services = new Map(services.map((service) => [service, new RecentReadings()]));
  }

  /** One look at every service; one that does not answer has no figures. */
  look(): Promise<ServiceView[]> {
    return Promise.all([...this.#services].map(([service, recent]) => lookAt(service, recent)));
  }
}

async function lookAt(service: PipelineService, recent: RecentReadings): Promise<ServiceView> {
  const { name, opsUrl, metricsUrl, process } = service;
  const reading = await readStatus(name, { url: opsUrl });
  return {
    name,
    process: process.state,
    restarts: process.restarts,
    figures: reading === null ? null : recent.add(reading),
    opsUrl,
    metricsUrl,
  };
}
