import {
  createLogger,
  createMetrics,
  loadedConfig,
  OperatorNeed,
  sinkTypeOf,
  type RunningService,
  type SluiceConfig,
} from '@sluice/runtime';
import type { RebuiltTables, StoreRebuild } from '@sluice/sink-kit/rebuild';
import { CommandFailed } from '../operator/command-failed.ts';

/** The sink that fills the new places: a sink like any other, which only the command runs. */
export interface FillingSink {
  readonly name: string;
  readonly group: string;
  /** The configuration with a section of this name. */
  readonly config: SluiceConfig;
  /** That section. */
  readonly section: object;
}

const ANY_PORT = 0;

/** Throws CommandFailed where its name is another sink's. */
export function fillingSinkOf(
  config: SluiceConfig,
  sink: string,
  store: Pick<StoreRebuild, 'settings'>,
  tables: RebuiltTables,
): FillingSink {
  const name = `${sink}-rebuild`;
  if (Object.hasOwn(config.sinks, name))
    throw new CommandFailed(
      `sinks.${name}: a rebuild of sink ${sink} needs this name for itself; give that sink another`,
    );
  const section = {
    ...config.sinks[sink],
    excludeTables: [],
    type: sinkTypeOf(config, sink),
    tables: tables.tables,
    ops: { host: '127.0.0.1', port: ANY_PORT, metricsPort: ANY_PORT },
    ...store.settings(tables),
  };
  const all = { ...config, sinks: { ...config.sinks, [name]: section } };
  return { name, group: `${config.pipeline}.${name}`, config: all, section };
}

/** Starts it in this process. What it warns of goes to `say`. */
export function startFilling(
  { name, config }: FillingSink,
  store: Pick<StoreRebuild, 'fill'>,
  say: (line: string) => void,
): RunningService {
  const log = createLogger(`sink-${name}`, { level: 'warn' }, { write: (line) => say(shown(name, line)) });
  const metrics = createMetrics(`sink-${name}`);
  const { signal } = new AbortController();
  const service = `sink-${name}`;
  const need = new OperatorNeed({ onFatal: 'exit', registry: metrics.registry, log, signal });
  const loaded = loadedConfig(config, service, Date.now());
  const context = {
    name: service,
    config,
    loaded,
    env: process.env,
    log,
    metrics,
    need,
    tracing: null,
    signal,
  };
  return store.fill(context, name);
}

/** A line of its log as a line for people. */
function shown(name: string, line: string): string {
  const { msg = '', err } = JSON.parse(line) as { msg?: string; err?: { code?: string; message?: string } };
  const cause = err?.message === undefined ? '' : ` (${err.code ?? 'error'}: ${err.message})`;
  return `${name}: ${msg}${cause}`;
}
