import type { RunningService, ServiceContext, SluiceConfig } from '@sluice/runtime';
import type { RebuildRecord } from './rebuild-record.ts';

/** A table of the source that is rebuilt, and the fields of its record. */
export type RebuiltTables = Pick<RebuildRecord, 'id' | 'tables'>;

/**
 * How the places of a sink are rebuilt in one type of store, beside the old ones: what its `./rebuild` opens. Every call may be repeated, and
 * broken off anywhere: it looks at what is there.
 */
export interface StoreRebuild {
  /** Null: no rebuild is under way, and none has left anything. Throws RangeError for a record that cannot be read. */
  load(): Promise<RebuildRecord | null>;
  /**
   * Resolves to true when the store has it for good; to false, and nothing is changed, where it holds another record than `before` by now.
   * @param before as it was loaded or saved last; null where there was none
   */
  save(record: RebuildRecord | null, before: RebuildRecord | null): Promise<boolean>;
  /** Settings of the sink that fills the new places, laid over those of the sink. */
  settings(tables: RebuiltTables): Readonly<Record<string, unknown>>;
  /** Why these tables cannot be rebuilt, for people; null when they can. */
  refusal(tables: RebuiltTables): Promise<string | null>;
  /** Runs the sink that fills the new places. They belong to the sink that is rebuilt. */
  fill(context: ServiceContext, name: string): RunningService;
  /**
   * The new places hold every row: they get what the old ones have beside rows, as far as the store can tell. Resolves to what they cannot
   * get, for people: then they are not swapped.
   */
  complete(tables: RebuiltTables): Promise<readonly string[]>;
  /** Whether readers and the sink see the new places. */
  isSwapped(tables: RebuiltTables): Promise<boolean>;
  /**
   * Puts the new places where the old ones are, and the old ones aside, so that a reader sees either. The sink must write nothing meanwhile.
   * Resolves to null when it is done, or to why it is not, with nothing changed. Throws when nobody knows.
   */
  swap(record: RebuildRecord): Promise<string | null>;
  /** Removes what the filling sink needed, and, when nothing was swapped, the new places. */
  discard(tables: RebuiltTables): Promise<void>;
  /** Removes what was replaced. */
  removeKept(tables: RebuiltTables): Promise<void>;
  close(): Promise<void>;
}

/** The configuration, and the name of the section of the sink that is rebuilt. */
export interface RebuiltSink {
  readonly config: SluiceConfig;
  readonly name: string;
}

/** What a sink's `./rebuild` exports. A sink without it is rebuilt in place. */
export type OpenRebuild = (sink: RebuiltSink) => Promise<StoreRebuild>;
