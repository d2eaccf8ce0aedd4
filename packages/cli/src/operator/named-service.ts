import type { SluiceConfig } from '@sluice/runtime';
import { UsageError } from './usage-error.ts';

/** The services of a file, as `sluice status` names them. */
export function servicesOf(config: SluiceConfig): readonly string[] {
  return ['capture', ...Object.keys(config.sinks).map((sink) => `sink-${sink}`)];
}

/** The section of a service that somebody has named; throws UsageError when the file has none of that name. */
export function sectionOf(config: SluiceConfig, service: string): readonly string[] {
  const services = servicesOf(config);
  if (!services.includes(service))
    throw new UsageError(`there is no service ${service === '' ? 'named' : service}: ${services.join(', ')}`);
  return service === 'capture' ? ['capture'] : ['sinks', service.slice('sink-'.length)];
}
