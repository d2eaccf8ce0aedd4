import type { TableName } from '@sluice/envelope';
import type { MysqlOptions, TableDescription } from '@sluice/mysql';
import type { TablePlan } from '@sluice/ops-api';
import { createLogger, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { readCapturedTables } from '../catalog/captured-tables.ts';
import { knownTables } from '../catalog/known-tables.ts';
import { SchemaHistory } from '../catalog/schema-history.ts';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { readBinlogStatus, type BinlogStatus } from '../source/server.ts';
import { openSource, type Source } from '../source/source.ts';
import { hiddenElsewhere } from './offline-doubts.ts';
import { planTable } from './plan-table.ts';
import { exposureOf } from './refused-tables.ts';
import { sourceConditionSql } from './source-condition.ts';

/** The source by the settings alone, as nobody captures it: without Kafka, and without what was published. Changes nothing. */
export class OfflineSource {
  /** As a first start would capture them. */
  readonly tables: readonly TablePlan[];
  /** The end of the source's binlog when it was opened; null where it has none, or the account may not ask. */
  readonly position: BinlogStatus | null;
  readonly #settings: CaptureSettings;
  readonly #source: Source;
  readonly #found: readonly TableDescription[];

  /** Throws a PipelineError when the source cannot be asked. */
  static async open(config: SluiceConfig): Promise<OfflineSource> {
    const settings = captureSettings(config, [], createLogger('compare', { level: 'silent' }));
    const source = await openSource(config);
    const connection = await source.connect();
    try {
      const found = await readCapturedTables(connection, settings.filter);
      const position = await readBinlogStatus(connection, source.facts).catch(unlessRefused);
      return new OfflineSource(settings, source, found, position);
    } finally {
      connection.destroy();
    }
  }

  private constructor(
    settings: CaptureSettings,
    source: Source,
    found: readonly TableDescription[],
    position: BinlogStatus | null,
  ) {
    this.#settings = settings;
    this.#source = source;
    this.#found = found;
    this.position = position;
    const registry = knownTables(settings, new SchemaHistory(settings.prefix, settings.seals));
    const { config, hashKey } = settings;
    const facts = { config, registry, server: source.facts, hashKey, partitions: new Map<string, number>() };
    this.tables = found.map((table) => this.#judged(planTable({ table, ...facts }), table));
  }

  /** A table that may hide something is taken for one that is not captured. */
  #judged(plan: TablePlan, description: TableDescription): TablePlan {
    const { database, table, columns } = description;
    const isThere = (name: TableName): boolean =>
      this.#found.some((each) => each.database === name.database && each.table === name.table);
    const names = columns.map(({ COLUMN_NAME }) => COLUMN_NAME);
    const { config } = this.#settings;
    const why =
      exposureOf(config, description)?.why ??
      hiddenElsewhere({ database, table, columns: names }, config.tables, isThere);
    return why === null ? plan : { ...plan, refused: true, change: why };
  }

  /** Of several servers, the one that a first start would read. */
  get server(): MysqlOptions {
    return this.#source.server;
  }

  /** As `PublishedPipeline.conditionSql`. */
  conditionSql(name: TableName, condition: string): string {
    const facts = { settings: this.#settings, server: this.#source.facts, found: this.#found };
    return sourceConditionSql(facts, name, condition);
  }
}

/** Only the report names the position. */
function unlessRefused(error: unknown): null {
  if (error instanceof PipelineError && error.errorClass !== 'retryable') return null;
  throw error;
}
