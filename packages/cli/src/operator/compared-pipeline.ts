import { setTimeout as delay } from 'node:timers/promises';
import type { TableName } from '@sluice/envelope';
import type { TablePlan } from '@sluice/ops-api';
import type { CompareReport, RunningOptions } from '@sluice/compare';
import type { SluiceConfig } from '@sluice/runtime';
import { interruption } from './interruption.ts';
import { importCapture } from './optional-packages.ts';
import { reasonOf, withRunningPipeline } from './running-pipeline.ts';

/** A source, and when its sinks have to be equal to it. */
export interface ComparedPipeline {
  readonly server: RunningOptions['source'];
  readonly tables: readonly TablePlan[];
  /** The end of the source's binlog, where it is known. */
  readonly position: CompareReport['position'];
  /** As in the report. */
  readonly schemas: CompareReport['schemas'];
  readonly conditionSql: (table: TableName, condition: string) => string;
  /**
   * Resolves when the sink has applied all that was committed at the source when this was called: null; or to why that cannot be
   * known.
   */
  readonly applied: (sink: string, table: TableName) => Promise<string | null>;
  /** Aborted when the operator interrupts the command. */
  readonly signal: AbortSignal;
}

/** Between two looks at a row that is not equal, for what may be on its way in spite of all (ms). */
const OFFLINE_LOOK_MS = 1000;

/** A pipeline that runs; or offline, the source alone: nobody is asked how far anything is. Throws as `withRunningPipeline`. */
export async function withComparedPipeline<T>(
  config: SluiceConfig,
  isOffline: boolean,
  work: (compared: ComparedPipeline) => Promise<T>,
): Promise<T> {
  if (isOffline) return withOfflineSource(config, work);
  return withRunningPipeline(config, async ({ pipeline, applied, signal }) => {
    const { server, tables } = pipeline;
    const { file, position, gtidSet } = await pipeline.position();
    const conditionSql = (table: TableName, condition: string): string =>
      pipeline.conditionSql(table, condition);
    const schemas = pipeline.schemas();
    return work({
      server,
      tables,
      position: { file, position, gtidSet },
      schemas,
      conditionSql,
      applied,
      signal,
    });
  });
}

async function withOfflineSource<T>(
  config: SluiceConfig,
  work: (compared: ComparedPipeline) => Promise<T>,
): Promise<T> {
  const { OfflineSource } = await importCapture(() => import('@sluice/capture/offline'));
  const { signal, forget } = interruption(process);
  try {
    const source = await OfflineSource.open(config);
    const { server, position } = source;
    return await work({
      server,
      tables: source.tables.map((plan) => (plan.refused ? plan : { ...plan, change: 'none' })),
      position: position && { file: position.file, position: position.position, gtidSet: position.gtidSet },
      schemas: {},
      conditionSql: (table, condition) => source.conditionSql(table, condition),
      applied: () => delay(OFFLINE_LOOK_MS, null, { signal }),
      signal,
    });
  } catch (error) {
    throw reasonOf(error, signal);
  } finally {
    forget();
  }
}
