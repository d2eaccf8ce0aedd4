import type { Sequence } from '@sluice/envelope';
import type { ComparedTable } from '../compared-table.ts';
import type { Pace } from '../running/pace.ts';
import type { SinkTable } from '../sink-table.ts';
import type { RowConnection } from '../source-rows.ts';
import type { RowPlace, StoreRepair } from './store-repair.ts';
import type { UndoFile } from './undo-file.ts';

/** A record that a sink would get. */
export interface RepairRecord extends Omit<RowPlace, 'database' | 'table'> {
  /** The envelope's bytes. */
  readonly value: Uint8Array;
}

/** The source at a place in the stream that the sink has applied everything up to. */
export interface RowsAtPoint {
  /** Of every record that comes from here; no change behind the place has so low a one. */
  readonly sequence: Sequence;
  /** Rows that fulfil a piece of SQL, with everything that was committed up to the place. */
  read(where: string, limit: number): Promise<readonly RepairRecord[]>;
  /** That there is no such row. */
  deletion(rowKey: string): RepairRecord;
}

export interface RepairParts {
  readonly source: RowConnection;
  readonly sink: string;
  readonly table: ComparedTable;
  readonly rows: SinkTable;
  readonly store: StoreRepair;
  /** Waits until the sink has applied what is committed by now; a text: why that cannot be known. */
  readonly settled: () => Promise<RowsAtPoint | string>;
  /** What becomes of the records: `look`: nothing. */
  readonly act: 'look' | 'apply' | ((statements: string) => Promise<void>);
  /** Null when nothing is written. */
  readonly undo: UndoFile | null;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}
