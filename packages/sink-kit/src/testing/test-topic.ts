import {
  controlKey,
  formatSequence,
  recordKey,
  TopicRouting,
  type ControlType,
  type DdlPolicy,
  type Envelope,
  type Row,
  type RowOperation,
  type SchemaColumn,
  type SchemaEnvelope,
  type Sequence,
  type SnapshotEnvelope,
  type Source,
  type TopicStrategy,
} from '@sluice/envelope';
import type { ControlDelivery, RowDelivery } from '../decode.ts';

export interface TestTopicOptions {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly SchemaColumn[];
  readonly keyColumns: readonly string[];
  readonly prefix?: string;
  /** Where the rows go; default: a topic for each table. */
  readonly strategy?: TopicStrategy;
  readonly partition?: number;
  /** Shared by the tables of one topic. */
  readonly offsets?: { next: bigint };
}

export interface TestChange {
  readonly operation: RowOperation;
  readonly sequence: Sequence;
  /** The whole row; of a DELETE the last one. The key is taken from it. */
  readonly row: Row;
}

/** What a record at the begin or end of a snapshot says. */
export type SnapshotMark = Pick<
  SnapshotEnvelope['payload'],
  'phase' | 'job' | 'reconcile' | 'since' | 'partitions'
>;

/** What a schema record says besides the table's columns. */
export type SchemaChange = Pick<
  SchemaEnvelope['payload'],
  'change' | 'policy' | 'partitions' | 'previousChange' | 'allRows'
>;

/** A sequence that grows with `step`, which must be below 10^10. */
export function sequenceAt(step: number, generation = 1): Sequence {
  return formatSequence(generation, 1, step);
}

/** Makes deliveries of one table and partition as the kit would hand them out, with rising offsets. */
export class TestTopic {
  readonly topic: string;
  readonly #options: TestTopicOptions;
  /** What record keys begin with. */
  readonly #members: string;
  readonly #offsets: { next: bigint };

  constructor(options: TestTopicOptions) {
    const { prefix = 'test', strategy = 'table', database, table, offsets = { next: 0n } } = options;
    const routing = new TopicRouting({ prefix, strategy });
    this.#options = options;
    this.topic = routing.topicOf(database, table);
    this.#members = routing.keyMembers(database, table);
    this.#offsets = offsets;
  }

  /** The key columns of a row. */
  keyOf(row: Row): Row {
    return Object.fromEntries(this.#options.keyColumns.map((name) => [name, row[name] ?? null]));
  }

  row({ operation, sequence, row }: TestChange): RowDelivery {
    const key = this.keyOf(row);
    const gone = operation === 'DELETE';
    const isNew = operation === 'INSERT' || operation === 'SNAPSHOT';
    const rowKey = JSON.stringify(key);
    const envelope: Envelope = {
      schema: { version: 1, type: 'row', table: 1 },
      payload: {
        source: this.#source(sequence, operation === 'SNAPSHOT'),
        operation,
        sequence,
        key,
        before: isNew ? null : row,
        after: gone ? null : row,
        metadata,
      },
    };
    return this.#deliver(recordKey(this.#members, rowKey), envelope, rowKey) as RowDelivery;
  }

  /** The control record that stands before the first row of a table. */
  schema(sequence: Sequence, change: Partial<SchemaChange> = {}): ControlDelivery {
    const { columns, keyColumns } = this.#options;
    return this.#deliver(this.#controlKey('schema'), {
      schema: { version: 1, type: 'schema', table: 1 },
      payload: {
        source: this.#source(sequence, false),
        sequence,
        key: { $sluice: 'schema' },
        columns,
        keyColumns,
        change: 'create',
        ...change,
        metadata,
      },
    }) as ControlDelivery;
  }

  snapshotMark(sequence: Sequence, mark: SnapshotMark): ControlDelivery {
    return this.#deliver(this.#controlKey('snapshot'), {
      schema: { version: 1, type: 'snapshot', table: 1 },
      payload: {
        source: this.#source(sequence, true),
        sequence,
        key: { $sluice: 'snapshot' },
        ...mark,
        metadata,
      },
    }) as ControlDelivery;
  }

  truncate(sequence: Sequence, policy?: DdlPolicy): ControlDelivery {
    return this.#deliver(this.#controlKey('truncate'), {
      schema: { version: 1, type: 'truncate', table: 1 },
      payload: {
        source: this.#source(sequence, false),
        operation: 'TRUNCATE',
        ...(policy === undefined ? {} : { policy }),
        sequence,
        key: { $sluice: 'truncate' },
        metadata,
      },
    }) as ControlDelivery;
  }

  #source(sequence: Sequence, snapshot: boolean): Source {
    const { database, table } = this.#options;
    const position = { file: 'binlog.000001', offset: Number(sequence.slice(9)), row: 0 };
    return {
      server: 'test',
      serverId: 1,
      database,
      table,
      timestamp: Date.now(),
      position,
      gtid: null,
      snapshot,
    };
  }

  #controlKey(type: ControlType): string {
    return controlKey(type, this.#members);
  }

  #deliver(key: string, envelope: Envelope, rowKey = key): RowDelivery | ControlDelivery {
    const { topic } = this;
    const offset = this.#offsets.next++;
    const value = Buffer.from(JSON.stringify(envelope));
    const partition = this.#options.partition ?? 0;
    const next = offset + 1n;
    return { topic, partition, offset, next, key, rowKey, envelope, value } as RowDelivery | ControlDelivery;
  }
}

const metadata = {
  connector: 'sluice',
  version: '0.0.0',
  transaction_id: null,
  event_index: 0,
  captured_at: 0,
} as const;
