/** The wire contract, version 1. Field meanings are in `docs/envelope.md`; the JSON Schema is `schema/envelope-v1.schema.json`. */

import type { DdlPolicy } from './ddl-record.ts';
import type { Sequence } from './sequence.ts';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Column name to value, in column order. */
export type Row = Readonly<Record<string, JsonValue>>;

export type RowOperation = 'INSERT' | 'UPDATE' | 'DELETE' | 'SNAPSHOT';
export type Operation = RowOperation | 'TRUNCATE';
export type ControlType = 'truncate' | 'schema' | 'snapshot' | 'heartbeat';

export interface Source {
  /** Logical name of the source server (`source.server`). */
  readonly server: string;
  readonly serverId: number;
  readonly database: string;
  readonly table: string;
  /** Commit time in milliseconds since 1970, with microseconds as a fraction where the server gives them. */
  readonly timestamp: number;
  readonly position: { readonly file: string; readonly offset: number; readonly row: number };
  readonly gtid: string | null;
  readonly snapshot: boolean;
}

export interface Metadata {
  readonly connector: 'sluice';
  readonly version: string;
  readonly transaction_id: string | null;
  readonly event_index: number;
  /** Milliseconds since 1970 on the capturing machine. */
  readonly captured_at: number;
}

interface Head<T extends string> {
  readonly version: 1;
  readonly type: T;
  /** Version of the table's own schema; 0 where no table is meant. */
  readonly table: number;
}

interface ControlPayload<T extends ControlType> {
  readonly source: Source;
  readonly sequence: Sequence;
  readonly key: { readonly $sluice: T };
  readonly metadata: Metadata;
}

export interface RowEnvelope {
  readonly schema: Head<'row'>;
  readonly payload: {
    readonly source: Source;
    readonly operation: RowOperation;
    readonly sequence: Sequence;
    readonly key: Row;
    readonly before: Row | null;
    readonly after: Row | null;
    readonly metadata: Metadata;
  };
}

export interface TruncateEnvelope {
  readonly schema: Head<'truncate'>;
  readonly payload: ControlPayload<'truncate'> & {
    readonly operation: 'TRUNCATE';
    readonly policy?: DdlPolicy;
  };
}

export interface SchemaColumn {
  readonly name: string;
  /** Canonical SQL type without display width, e.g. `int unsigned`, `varchar(64)`, `enum('a','b')`. */
  readonly type: string;
  readonly nullable: boolean;
  /** Character set of a text column, else null. */
  readonly charset: string | null;
  /** The server computes it: a target must not write it. Default false. */
  readonly generated?: boolean;
}

/** A table as its schema records show it. */
export interface TableOutline {
  readonly database: string;
  readonly table: string;
  readonly columns: readonly SchemaColumn[];
  readonly keyColumns: readonly string[];
}

export interface SchemaEnvelope {
  readonly schema: Head<'schema'>;
  readonly payload: ControlPayload<'schema'> & {
    readonly columns: readonly SchemaColumn[];
    readonly keyColumns: readonly string[];
    readonly change: 'create' | 'additive' | 'breaking' | 'drop' | 'rename';
    /** The statement that made the change, where there was one. */
    readonly ddl?: string;
    /** What is set under `ddl` for changes of this class; absent: `apply`. */
    readonly policy?: DdlPolicy;
    /** Partitions of the topic, all of which have this record; a change that takes something away waits for the last. */
    readonly partitions?: number;
    /** Sequence of the change of the columns before this record, where there was one: who has not seen it has lost it to retention. */
    readonly previousChange?: Sequence;
    /** Of a `create`: a snapshot begins here that brings all rows, and whose end removes what it has not brought. */
    readonly allRows?: boolean;
  };
}

export interface SnapshotEnvelope {
  readonly schema: Head<'snapshot'>;
  readonly payload: ControlPayload<'snapshot'> & {
    readonly phase: 'begin' | 'end';
    readonly job: string;
    /** At the end: rows of the table from before `since` are no longer in the source. */
    readonly reconcile: boolean;
    /** Sequence of the snapshot's begin: what it brought is not below. */
    readonly since?: Sequence;
    /** Partitions that the mark stands in: the snapshot is complete when its end was seen in all of them. */
    readonly partitions?: number;
  };
}

export interface HeartbeatEnvelope {
  readonly schema: Head<'heartbeat'>;
  readonly payload: ControlPayload<'heartbeat'>;
}

export type ControlEnvelope = TruncateEnvelope | SchemaEnvelope | SnapshotEnvelope | HeartbeatEnvelope;
export type Envelope = RowEnvelope | ControlEnvelope;
