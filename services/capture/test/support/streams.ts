import type { TableMap } from '@sluice/binlog';
import { TopicRouting, type TopicSettings } from '@sluice/envelope';
import { ColumnCatalog } from '../../src/catalog/column-catalog.ts';
import { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { SchemaHistory } from '../../src/catalog/schema-history.ts';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { createTableFilter } from '../../src/model/table-filter.ts';
import { GtidTracker } from '../../src/source/gtid-tracker.ts';
import { CascadeMarks } from '../../src/stream/cascade-marks.ts';
import { ChangeStream } from '../../src/stream/change-stream.ts';
import type { ResumePoint } from '../../src/state/resume-point.ts';
import { DdlReporter } from '../../src/stream/ddl-reporter.ts';
import type { DdlPolicies } from '../../src/ddl/ddl-policies.ts';
import type { PublishBuffer } from '../../src/encode/publish-buffer.ts';
import { TableRoutes } from '../../src/stream/table-routes.ts';
import { TableWorkQueue, type TableWork } from '../../src/stream/table-work.ts';
import { bufferOf } from './buffers.ts';
import { rowsEvent } from './rows-events.ts';
import { tableMap } from './table-maps.ts';

export const FILE = 'binlog.000002';
export const NOW = 1_795_252_177_720;
export const PARTITIONS = 3;

/** The defaults of sluice.yaml. */
export const POLICIES: DdlPolicies = {
  additive: 'apply',
  breaking: 'alert',
  rename: 'alert',
  truncate: 'apply',
  drop: 'alert',
};

export interface StreamOptions {
  readonly resume?: Partial<ResumePoint>;
  readonly gtidSet?: string | null;
  readonly tombstones?: boolean;
  readonly ignoresCase?: boolean;
  readonly registry?: TableRegistry;
  readonly maxMessageBytes?: number;
  readonly policies?: DdlPolicies;
  readonly isUnsure?: () => boolean;
  readonly isRefused?: (id: string) => boolean;
}

export interface StreamSetup {
  readonly stream: ChangeStream;
  readonly routes: TableRoutes;
  readonly work: TableWorkQueue;
  readonly registry: TableRegistry;
  readonly buffer: PublishBuffer;
  readonly journal: DdlJournal;
  readonly ddl: DdlReporter;
}

/** A registry that has the topics of these tables of the database `shop`. */
export function registryOf(...tables: readonly string[]): TableRegistry {
  return routedRegistry({}, ...tables);
}

/** A registry that knows `shop.orders` in version 4. One for each test: statements change it. */
export function knownOrders(): TableRegistry {
  const registry = registryOf('orders');
  registry.restore({
    database: 'shop',
    table: 'orders',
    version: 4,
    columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
    keyColumns: ['id'],
    sequence: '0010000010000000000',
  });
  return registry;
}

/** The same with topics of another strategy. */
export function routedRegistry(
  topics: Omit<TopicSettings, 'prefix'>,
  ...tables: readonly string[]
): TableRegistry {
  const registry = new TableRegistry(new TopicRouting({ prefix: 'p', ...topics }));
  for (const table of tables) registry.admit('shop', table, PARTITIONS);
  return registry;
}

/** A stream that stands in `FILE`; it captures `shop.*`, of which `orders` has a topic. */
export function streamOf(options: StreamOptions = {}): StreamSetup {
  const registry = options.registry ?? registryOf('orders');
  const journal = new DdlJournal();
  const work = new TableWorkQueue();
  const routes = new TableRoutes({
    work,
    history: new SchemaHistory('p', null),
    serverName: 'shop',
    filter: createTableFilter(['shop.*'], []),
    registry,
    configuredKeys: {},
    ignoresCase: options.ignoresCase ?? false,
    columnCatalog: new ColumnCatalog({
      server: { flavour: 'mysql', version: '9.7.0' },
      registry,
      described: [],
    }),
    policies: options.policies ?? POLICIES,
    isStopped: (id) => journal.isStopped(id),
    isRefused: options.isRefused ?? (() => false),
    lastChange: (id) => journal.lastChange(id),
    isUnsure: options.isUnsure ?? (() => false),
  });
  const ddl = new DdlReporter({
    prefix: 'p',
    flavour: 'mysql',
    filter: createTableFilter(['shop.*'], []),
    registry,
    policies: options.policies ?? POLICIES,
    journal,
    onReport: () => undefined,
  });
  const buffer = bufferOf(options.maxMessageBytes);
  const resume = {
    file: FILE,
    position: 4,
    floor: 0,
    publishedThrough: null,
    highest: '',
    fileCreatedAt: 0,
    gtidsUntil: null,
    ...options.resume,
  };
  const { gtidSet = null, tombstones = false } = options;
  const gtids = gtidSet === null ? null : new GtidTracker('mysql', gtidSet);
  const stream = new ChangeStream({
    server: 'shop',
    flavour: 'mysql',
    serverId: 11,
    generation: 1,
    resume,
    gtids,
    routes,
    work,
    ddl,
    cascades: new CascadeMarks('mysql', () => undefined),
    buffer,
    rows: { tombstones },
    readsComments: true,
  });
  stream.now = NOW;
  stream.onRotate(resume.file, resume.position);
  return { stream, routes, work, registry, buffer, journal, ddl };
}

/** What waits of one kind. */
export function workOf<K extends TableWork['kind']>(
  work: TableWorkQueue,
  kind: K,
): Extract<TableWork, { kind: K }>[] {
  return work.waiting.filter((one): one is Extract<TableWork, { kind: K }> => one.kind === kind);
}

export const ORDERS: TableMap = tableMap();

/** Opens a transaction at `start` and shows its table map. */
export function begin(stream: ChangeStream, start: number, gtid: string | null = null, map = ORDERS): void {
  stream.onBegin({ gtid, start, committedAtMicros: 1_795_252_177_716_123, serverId: 11 });
  stream.onTableMap(map);
}

/** A lone statement. */
export function statement(stream: ChangeStream, sql: string, start: number, database = 'shop'): void {
  stream.onBegin({ gtid: null, start, committedAtMicros: 1_795_252_177_716_123, serverId: 11 });
  stream.onQuery(query({ database, sql, start, end: start + 100 }));
}

type Query = Parameters<ChangeStream['onQuery']>[0];

/** A statement of a session with default settings, which ends its group. */
export function query(facts: Pick<Query, 'sql' | 'start' | 'end'> & Partial<Query>): Query {
  return { database: 'shop', sqlMode: 0, threadSpecific: false, closes: true, ...facts };
}

/** An INSERT of rows into `shop.orders` whose event begins at `start`. */
export function insert(start: number, ...ids: readonly number[]): ReturnType<typeof rowsEvent> {
  return rowsEvent({ table: ORDERS, operation: 'INSERT', start, rows: ids.map((id) => [String(id), '"a"']) });
}
