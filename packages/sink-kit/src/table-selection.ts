import {
  parseTableId,
  tableId,
  tablePattern,
  type Envelope,
  type Operation,
  type TopicRouting,
} from '@sluice/envelope';
import { parseSection, tablePatternSchema, type SluiceConfig } from '@sluice/runtime';
import { z } from 'zod';

export const SINK_OPERATIONS = ['insert', 'update', 'delete', 'truncate'] as const;
export type SinkOperation = (typeof SINK_OPERATIONS)[number];

/** The settings of a sink that say what it takes. */
export const selectionShape = {
  tables: z
    .array(tablePatternSchema)
    .min(1)
    .optional()
    .meta({
      description:
        'Tables that the sink takes, of those that are captured: `database.table`, with `*` and `?` as wildcards. Default: all. A table that is taken later gets its older rows by `sluice snapshot start`; of one that is no longer taken the store keeps what it has.',
      example: ['shop.users'],
    }),
  excludeTables: z
    .array(tablePatternSchema)
    .optional()
    .meta({ description: 'Tables left out of those above.' }),
  operations: z.array(z.enum(SINK_OPERATIONS)).min(1).optional().meta({
    description:
      'Changes that the sink applies; it skips and counts the others. Rows of snapshots are always applied; without `delete` the end of a snapshot removes no row. Default: all.',
  }),
};

export type SelectionSettings = z.output<z.ZodObject<typeof selectionShape>>;

/** Which tables and changes a sink takes. Pure. */
export class TableSelection {
  /** Whether it takes everything. */
  readonly isAll: boolean;
  /** Patterns of the tables that it takes; of those with wildcards `excludeTables` may leave some out. */
  readonly patterns: readonly string[];
  readonly excluded: readonly string[];
  readonly #taken: readonly Fits[];
  readonly #excluded: readonly Fits[];
  readonly #databases: readonly Fits[];
  readonly #operations: ReadonlySet<SinkOperation>;

  /** @param sourceTables `source.tables`: what the sink takes without `tables` */
  constructor(
    { tables, excludeTables = [], operations }: SelectionSettings,
    sourceTables: readonly string[],
  ) {
    this.isAll = tables === undefined && excludeTables.length === 0 && operations === undefined;
    const taken = tables ?? ['*.*'];
    this.#taken = taken.map(tablePattern);
    this.#databases = taken.map((text) => tablePattern(tableId(parseTableId(text).database, '*')));
    this.#excluded = excludeTables.map(tablePattern);
    this.excluded = excludeTables;
    this.#operations = new Set(operations ?? SINK_OPERATIONS);
    this.patterns = (tables ?? sourceTables).filter((text) => !this.#isLeftOut(text));
  }

  takesTable(database: string, table: string): boolean {
    const fits = (pattern: Fits): boolean => pattern(database, table);
    return this.#taken.some(fits) && !this.#excluded.some(fits);
  }

  /** Only a name without wildcards is known to be left out. */
  #isLeftOut(text: string): boolean {
    const { database, table } = parseTableId(text);
    return !/[*?]/.test(text) && this.#excluded.some((fits) => fits(database, table));
  }

  /** Whether a table that the sink takes may have this topic. */
  takesTopic(topic: string, routing: TopicRouting): boolean {
    const source = routing.sourceOf(topic, null);
    if (source === null) return false;
    const { database, table } = source;
    if (database === null) return true;
    return table === null
      ? this.#databases.some((fits) => fits(database, ''))
      : this.takesTable(database, table);
  }

  takesOperation(operation: SinkOperation): boolean {
    return this.#operations.has(operation);
  }

  /** Whether rows, and what removes them, come to the store as they do in the source. */
  get takesAllOperations(): boolean {
    return SINK_OPERATIONS.every((operation) => this.#operations.has(operation));
  }
}

type Fits = (database: string, table: string) => boolean;

/** What the sink of this name takes, from the file. Throws CONFIG_INVALID. */
export function selectionOf(config: SluiceConfig, sink: string): TableSelection {
  const settings = parseSection(config, ['sinks', sink], z.object(selectionShape));
  return new TableSelection(settings, config.source.tables);
}

/** The operation that a record asks of the store, as settings name it; null for one that a sink always takes. */
export function operationOf({ payload }: Envelope): SinkOperation | null {
  if (!('operation' in payload) || payload.operation === 'SNAPSHOT') return null;
  return settingOf(payload.operation);
}

/** A row of a snapshot is one that was inserted. */
export function settingOf(operation: Operation): SinkOperation {
  return SETTINGS[operation];
}

const SETTINGS = {
  INSERT: 'insert',
  SNAPSHOT: 'insert',
  UPDATE: 'update',
  DELETE: 'delete',
  TRUNCATE: 'truncate',
} as const;
