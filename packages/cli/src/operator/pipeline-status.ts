import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import { ask, opsUrl } from './ops-client.ts';
import { show, type Cell, type Screen } from './screen.ts';

const PATIENCE_MS = 5000;
const HEADINGS = ['SERVICE', 'READY', 'STATE', 'BEHIND', 'DEAD LETTERS', 'PAUSED', 'LAST ERROR'];

interface ServiceStatus {
  readonly service: string;
  readonly url: string;
  readonly ready: boolean;
  /** Body of `/status`; null when nobody answers. */
  readonly status: StatusBody | null;
}

/** The parts of the services' `/status` that fit in a line. */
interface StatusBody {
  readonly state?: string;
  readonly phase?: string;
  readonly lag?: { readonly records?: number };
  readonly records?: { readonly openDeadLetters?: number };
  readonly paused?: readonly unknown[];
  readonly lastError?: { readonly code?: string } | null;
}

/** One line per service of the pipeline. True when every one of them is ready. */
export async function pipelineStatus(config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sinks = Object.keys(config.sinks).map((sink) => [`sink-${sink}`, ['sinks', sink]] as const);
  const places = [['capture', ['capture']] as const, ...sinks];
  const services = await Promise.all(places.map(([name, path]) => look(name, opsUrl(config, path))));
  show(screen, { pipeline: config.pipeline, services }, HEADINGS, services.map(rowOf));
  return services.every(({ ready }) => ready);
}

async function look(service: string, url: string): Promise<ServiceStatus> {
  try {
    const ready = await ask(url, '/readyz', undefined, PATIENCE_MS);
    const { body } = await ask(url, '/status', undefined, PATIENCE_MS);
    return { service, url, ready: ready.status === 200, status: body as StatusBody };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { service, url, ready: false, status: null };
  }
}

function rowOf({ service, url, ready, status }: ServiceStatus): readonly Cell[] {
  if (status === null) return [service, 'no', `no answer at ${url}`, null, null, null, null];
  const { state, phase, lag, records, paused, lastError } = status;
  return [
    service,
    ready ? 'yes' : 'no',
    state ?? phase ?? null,
    lag?.records ?? null,
    records?.openDeadLetters ?? null,
    paused?.length ?? null,
    lastError?.code ?? null,
  ];
}
