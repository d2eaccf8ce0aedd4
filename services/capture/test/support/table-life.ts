import { createLogger } from '@sluice/runtime';
import type { CaptureSettings } from '../../src/settings/capture-settings.ts';
import { TableLife } from '../../src/tables/table-life.ts';
import type { Source } from '../../src/source/source.ts';
import { ColumnCatalog } from '../../src/catalog/column-catalog.ts';
import type { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { NO_SNAPSHOTS } from '../../src/state/kept-snapshots.ts';
import { SnapshotJobStore } from '../../src/state/snapshot-job-store.ts';
import type { SchemaHistoryRecord } from '../../src/catalog/schema-history-record.ts';
import type { TableRoutes } from '../../src/stream/table-routes.ts';
import type { TableWorkQueue } from '../../src/stream/table-work.ts';
import { registryOf, streamOf } from './streams.ts';
import { MYSQL_FACTS } from './server-facts.ts';
import { columnRow } from './descriptions.ts';

const server = { flavour: 'mysql', version: '9.7.4' } as const;

const HISTORY: SchemaHistoryRecord = {
  database: 'shop',
  table: '',
  version: 4,
  columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
  keyColumns: ['id'],
  sequence: '0010000010000000000',
};

export interface LifeSetup {
  readonly stream: ReturnType<typeof streamOf>['stream'];
  readonly routes: TableRoutes;
  readonly jobStore: SnapshotJobStore;
  readonly source: { keyless: boolean };
  readonly journal: DdlJournal;
  readonly work: TableWorkQueue;
  /** Tables whose first snapshot is owed. */
  owed(): readonly string[];
  /** How often all table maps were to be met anew. */
  forgotten(): number;
  /** Tables that are left alone, in the order in which this was said. */
  readonly refused: string[];
  /** Tables that are not any more, in that order. */
  readonly mended: string[];
  /** The tables that `/status` shows. */
  uncaptured(): readonly string[];
  settle(): Promise<void>;
}

export interface LifeOptions {
  readonly mode?: 'initial' | 'never';
  readonly exists?: boolean;
  /** Whether tables of the source have a primary key. */
  readonly keyless?: boolean;
  readonly stopped?: readonly string[];
  readonly topics?: readonly string[];
  /** Number of the error for who selects what the source does not show; else that it is not there. */
  readonly refusal?: number;
  /** The table that the source shows, and its columns. */
  readonly table?: string;
  readonly columns?: readonly string[];
  /** Tables that the schema history knows. */
  readonly versions?: readonly string[];
  readonly whole?: string[];
}

/** A stream whose topics exist, and a source that has every table asked for, or none. */
export function lifeOf(options: LifeOptions): LifeSetup {
  const registry = registryOf(...(options.topics ?? ['orders']));
  for (const table of options.versions ?? []) registry.restore({ ...HISTORY, table });
  const { stream, routes, work, ddl, journal } = streamOf({
    registry,
    isRefused: (id) => life.isRefused(id),
  });
  const jobStore = new SnapshotJobStore({ ...NO_SNAPSHOTS, whole: options.whole ?? ['shop.orders'] });
  let forgotten = 0;
  const refused: string[] = [];
  const mended: string[] = [];
  const name = { TABLE_SCHEMA: 'shop', TABLE_NAME: options.table ?? 'lines' };
  const key = { ...name, INDEX_NAME: 'PRIMARY', COLUMN_NAME: 'id', SUB_PART: null };
  const source = { keyless: options.keyless === true };
  const answers: readonly (readonly [string, readonly unknown[]])[] = [
    ['.TABLES', options.exists === false ? [] : [name]],
    ['.COLUMNS', (options.columns ?? ['id']).map((column) => ({ ...name, ...columnRow(column) }))],
  ];
  const connection = {
    query: (sql: string) => {
      const errno = sql.includes('LIMIT 0')
        ? (options.refusal ?? (options.exists === false ? 1146 : 1054))
        : 0;
      if (errno > 0) return Promise.reject(Object.assign(new Error(), { errno }));
      if (sql.includes('.STATISTICS')) return Promise.resolve([source.keyless ? [] : [key]]);
      return Promise.resolve([answers.find(([table]) => sql.includes(table))?.[1] ?? []]);
    },
    destroy: () => undefined,
  };
  const life: TableLife = new TableLife({
    settings: {
      config: { snapshot: { mode: options.mode ?? 'initial' }, source: { keys: {} }, tables: {} },
    } as unknown as CaptureSettings,
    source: { facts: MYSQL_FACTS, connect: () => Promise.resolve(connection) } as unknown as Source,
    work,
    stream,
    ddl,
    registry,
    routes,
    columnCatalog: new ColumnCatalog({ server, registry, described: [] }),
    jobStore,
    refused: [],
    onRefused: (table) => void refused.push(table.id),
    onMended: (id) => void mended.push(id),
    afterGap: false,
    isStopped: (id) => options.stopped?.includes(id) === true,
    admit: ({ database, table }) => Promise.resolve(registry.admit(database, table, 1)),
    forgetMaps: () => void forgotten++,
    log: createLogger('test', { level: 'silent' }),
  });
  return {
    stream,
    routes,
    work,
    jobStore,
    journal,
    source,
    refused,
    mended,
    owed: () => jobStore.jobs.filter(({ origin }) => origin === 'initial').map(({ table }) => table),
    forgotten: () => forgotten,
    uncaptured: () => life.refused.map(({ id }) => id),
    settle: () => life.settle(),
  };
}
