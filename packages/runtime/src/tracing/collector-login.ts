import type { Environment } from '../config/load.ts';
import { PipelineError } from '../errors.ts';
import { isLoopback } from '../ops-access.ts';

/** OpenTelemetry's names: what is meant for traces goes before what is meant for all signals; headers of both are sent. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
const HEADERS = ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'];
const WRITTEN = 'OTEL_EXPORTER_OTLP_INSECURE';

/** Every collector has its own name for the header of a key; these tell whose the spans are, and open nothing. */
const NO_LOGIN: ReadonlySet<string> = new Set(['x-scope-orgid', 'x-tenant-id', 'x-tenant']);

/**
 * A login of the collector crosses no network in clear, unless that is written.
 * @throws CONFIG_INVALID, which names the variables and no value: a header may be cut anywhere
 */
export function checkCollectorLogin(env: Environment): void {
  if (env[WRITTEN]?.toLowerCase() === 'true') return;
  for (const name of ENDPOINTS) {
    const url = URL.parse(env[name] ?? '');
    if (url === null) continue;
    const holder =
      url.username + url.password === '' ? HEADERS.find((header) => hasLogin(env[header])) : name;
    if (holder !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname))
      throw new PipelineError(
        'CONFIG_INVALID',
        `${holder} would send its login in clear to ${url.host}: write https:// in ${name}, or ${WRITTEN}=true where nobody listens`,
        { context: { setting: name } },
      );
    return;
  }
}

/** Of `name=value,name=value`. A name that is encoded is none of the harmless ones. */
function hasLogin(headers = ''): boolean {
  return headers.split(',').some((header) => {
    const [name = '', value = ''] = header.split(/=(.*)/s);
    return value.trim() !== '' && !NO_LOGIN.has(name.trim().toLowerCase());
  });
}
