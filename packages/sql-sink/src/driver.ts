import type { PipelineError } from '@sluice/runtime';
import type { SqlDialect } from './dialect.ts';

export type SqlValue = string | number | bigint;

/** A server's driver with its pool of connections; `C` is a connection of it, which the sink itself may use as it likes. */
export interface SqlDriver<C> {
  acquire(): Promise<C>;
  release(connection: C): void;
  /** Ends a connection at once; the server rolls back what was open. */
  destroy(connection: C): void;
  /** Rolls back what is open. Rejects when the server does not answer within seconds. */
  rollBack(connection: C): Promise<void>;
  /** Rows of a SELECT, each as the array of its columns; whole numbers beyond 2^53 as text. */
  rows(connection: C, sql: string, values?: readonly SqlValue[]): Promise<readonly (readonly unknown[])[]>;
  /** Runs any other statement; resolves to how many rows it has inserted, changed or deleted. */
  change(connection: C, sql: string, values?: readonly SqlValue[]): Promise<number>;
  /** Takes a lock of the session that has this name; false when another session has kept it for `seconds`. */
  lock(connection: C, name: string, seconds: number): Promise<boolean>;
  unlock(connection: C, name: string): Promise<void>;
  /** Any error as one with a class. `scope`: what an unknown one is taken for; `item`: a row or a statement made for it. */
  toError(error: unknown, scope: 'connection' | 'item'): PipelineError;
  /** For a server that has not answered in time: retryable. */
  unanswered(): PipelineError;
}

/** A store, and the database (on some servers: the schema) that the sink's own tables live in. */
export interface SqlStore<C> {
  readonly driver: SqlDriver<C>;
  readonly dialect: SqlDialect;
  readonly stateDatabase: string;
}
