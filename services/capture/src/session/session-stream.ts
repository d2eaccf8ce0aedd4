import type { BinlogDecoder } from '@sluice/binlog';
import { ColumnCatalog } from '../catalog/column-catalog.ts';
import type { OversizeRows } from '../encode/oversize.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { DdlReporter } from '../stream/ddl-reporter.ts';
import { TableRoutes } from '../stream/table-routes.ts';
import { TableWorkQueue } from '../stream/table-work.ts';
import { ForeignKeys } from '../tables/foreign-keys.ts';
import { TableLife } from '../tables/table-life.ts';
import { newDecoder, newStream } from './new-stream.ts';
import { newBuffers, oversizeOf } from './publishing.ts';
import { newReporter } from './schema-change-reports.ts';
import type { SessionParts } from './session-parts.ts';
import { snapshotsOwed } from './snapshots-owed.ts';
import { admitTable } from './table-topics.ts';

/** From events to records in one session, and what becomes of the tables on the way. */
export interface SessionStream {
  readonly decoder: BinlogDecoder;
  readonly stream: ChangeStream;
  readonly buffers: readonly [PublishBuffer, PublishBuffer];
  readonly routes: TableRoutes;
  readonly work: TableWorkQueue;
  readonly tables: TableLife;
  readonly foreignKeys: ForeignKeys;
  readonly jobStore: SnapshotJobStore;
  readonly oversize: OversizeRows;
}

/** What its parts have in common. */
interface Shared {
  readonly work: TableWorkQueue;
  readonly jobStore: SnapshotJobStore;
  readonly columnCatalog: ColumnCatalog;
  readonly ddl: DdlReporter;
  /** Whether a table is not captured, because it cannot be as it is. */
  readonly isRefused: (id: string) => boolean;
}

/** Nothing runs yet. @param checksum whether a CRC32 stands behind each event of the binlog */
export function newSessionStream(parts: SessionParts, checksum: boolean): SessionStream {
  const { settings, source, plan, registry, publisher } = parts;
  const work = new TableWorkQueue();
  const jobStore = snapshotsOwed(settings, plan, registry, parts.tables, parts.absent);
  const oversize = oversizeOf(parts);
  const described = plan.isAnew ? parts.tables : [];
  const columnCatalog = new ColumnCatalog({ server: source.facts, registry, described });
  const ddl = newReporter(parts);
  // Each of them needs some of the others, when events come.
  const isRefused = (id: string): boolean => tables.isRefused(id);
  const shared = { work, jobStore, columnCatalog, ddl, isRefused };
  const routes = newRoutes(parts, shared);
  const foreignKeys = newForeignKeys(parts, shared, () => stream);
  const buffers = newBuffers(settings.config.topics.maxMessageBytes, publisher, settings.seals);
  const cascades = foreignKeys.marks;
  const stream = newStream(parts, { routes, work, ddl, cascades, buffer: buffers[0], oversize });
  const decoder = newDecoder(parts, stream, checksum, columnCatalog);
  const tables = newTableLife(parts, shared, { routes, stream, decoder });
  return { decoder, stream, buffers, routes, work, tables, foreignKeys, jobStore, oversize };
}

function newRoutes(
  { settings, source, history, registry, journal }: SessionParts,
  { work, jobStore, columnCatalog, isRefused }: Shared,
): TableRoutes {
  return new TableRoutes({
    history,
    serverName: settings.serverName,
    filter: settings.filter,
    registry,
    configuredKeys: settings.config.source.keys,
    ignoresCase: source.facts.ignoresCase,
    columnCatalog,
    work,
    policies: settings.config.ddl,
    isStopped: (id) => journal.isStopped(id),
    isRefused,
    lastChange: (id) => journal.lastChange(id),
    isUnsure: () => jobStore.unsureUntil !== null,
  });
}

function newForeignKeys(
  parts: SessionParts,
  { jobStore, ddl, isRefused }: Shared,
  stream: () => ChangeStream,
): ForeignKeys {
  return new ForeignKeys({
    ...parts,
    flavour: parts.source.facts.flavour,
    jobStore,
    ddl,
    announcement: () => stream().announcement(),
    isRefused,
  });
}

function newTableLife(
  parts: SessionParts,
  { work, jobStore, columnCatalog, ddl }: Shared,
  { routes, stream, decoder }: Pick<SessionStream, 'routes' | 'stream' | 'decoder'>,
): TableLife {
  const { plan, journal, refusals } = parts;
  return new TableLife({
    ...parts,
    work,
    stream,
    routes,
    columnCatalog,
    ddl,
    jobStore,
    onRefused: (table) => refusals.say(table),
    onMended: (id) => refusals.over(id),
    afterGap: plan.generation > 1,
    isStopped: (id) => journal.isStopped(id),
    admit: (table) => admitTable(parts, table),
    forgetMaps: () => decoder.forgetTables(),
  });
}
