import { setTimeout as delay } from 'node:timers/promises';
import { createLogger, createMetrics, startMetricsServer, type SluiceConfig } from '@sluice/runtime';
import { CompareMetrics } from './compare-metrics.ts';
import { failureText, type RoundWatch } from './compare-round.ts';
import { interruption } from './interruption.ts';

/** Of a round that has ended; small tables are not compared all the time. */
const PAUSE_MS = 10_000;

/** Compares the tables of a pipeline once. */
export type CompareRound = (signal: AbortSignal, watch: RoundWatch) => Promise<void>;

/** As `startMetricsServer` takes it. */
export type MetricsPlace = Pick<
  Parameters<typeof startMetricsServer>[0],
  'host' | 'port' | 'tls' | 'setting' | 'tlsSetting'
>;

export interface ContinuousOptions {
  readonly config: SluiceConfig;
  /** Where `/metrics` answers. */
  readonly listen: MetricsPlace;
  readonly round: CompareRound;
  /** Whether each round looks at other rows. */
  readonly isSampled: boolean;
}

/**
 * Compares round after round until it is interrupted. A round that fails is logged once and tried again: whoever watches sees
 * `cdc_ready` and the age of the last success.
 */
export async function compareContinuously(options: ContinuousOptions): Promise<void> {
  const { config, listen, round, isSampled } = options;
  const log = createLogger('auditor', config.log);
  const { registry } = createMetrics('auditor');
  const metrics = new CompareMetrics(registry, isSampled);
  const watch: RoundWatch = {
    begins: (tables) => metrics.begins(tables),
    compared: (table, found) => {
      for (const { level, event, text } of metrics.compared(table, found)) log[level]({ event }, text);
    },
  };
  const { signal, forget } = interruption(process);
  let trouble: string | null = null;
  const health = () => ({ ready: trouble === null, components: {} });
  const server = await startMetricsServer({ ...listen, registry, health, log });
  log.info({ event: 'compare.started', port: server.port }, `comparing; /metrics on port ${server.port}`);
  try {
    while (!signal.aborted) {
      const failed = await failureOf(() => round(signal, watch));
      if (signal.aborted) break;
      if (failed !== null && failed !== trouble)
        log.error(
          { event: 'compare.failed', reason: failed },
          `the comparison failed, and is tried again: ${failed}`,
        );
      if (failed === null && trouble !== null)
        log.info({ event: 'compare.recovered' }, 'the comparison works again');
      trouble = failed;
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    forget();
    await server.close();
  }
}

/** Null when the round has ended. What is no error of the pipeline or of a store is thrown. */
async function failureOf(round: () => Promise<void>): Promise<string | null> {
  try {
    await round();
    return null;
  } catch (error) {
    const text = failureText(error);
    if (text !== null) return text;
    throw error;
  }
}
