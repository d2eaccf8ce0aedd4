import type { Environment } from '../config/load.ts';
import type { Logger } from '../log.ts';
import { checkCollectorLogin } from './collector-login.ts';
import type { Tracing } from './spans.ts';

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];

/** Whether the environment names a collector for spans (OpenTelemetry, "Environment Variable Specification"). */
export function asksForSpans(env: Environment): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  if (env['OTEL_TRACES_EXPORTER'] === 'none') return false;
  return ENDPOINTS.some((name) => (env[name] ?? '') !== '');
}

/**
 * Null, and nothing of OpenTelemetry is loaded, where the environment names no collector.
 * @param service for example `capture`
 * @throws CONFIG_INVALID when a login would go to the collector in clear
 */
export async function openTracing(service: string, env: Environment, log: Logger): Promise<Tracing | null> {
  if (!asksForSpans(env)) return null;
  checkCollectorLogin(env);
  const { OtlpSpans } = await import('./otlp-spans.ts');
  return new OtlpSpans(service, log);
}
