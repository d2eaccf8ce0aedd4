import type { Sequence, TableName } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import type { Delivery, Outcome, SinkContext, SinkSettings } from '@sluice/sink-kit';
import { importPart } from '@sluice/sink-kit/installed';
import type { ComparedTable } from '../compared-table.ts';

/** Which row of which table, and where its changes stand in Kafka. */
export interface RowPlace extends TableName {
  readonly topic: string;
  readonly partition: number;
  /** Text of the record key. */
  readonly key: string;
  /** The key columns as JSON text, as in `Delivery.rowKey`. */
  readonly rowKey: string;
}

/** A row that is put back as it was. */
export interface UndoneRow extends RowPlace {
  /** That the repair has written it at. */
  readonly sequence: Sequence;
  /** As `StoreRepair.kept` told it before; null where the store held nothing. */
  readonly kept: string | null;
  /** Whether another row of the repair took its place, as it held a value that the store has once only: it may be gone without a trace. */
  readonly gaveWay?: true | undefined;
}

/** How the rows of one sink's store are repaired: what its `./repair` opens. All but `write` and what restores change nothing. */
export interface StoreRepair {
  /** Rows of one partition, through the guard of the sink: what the store holds a newer change of is `stale`. Throws when the store does not answer. */
  write(rows: readonly Delivery[]): Promise<readonly Outcome[]>;
  /** What the store holds in the places of these rows, whatever it is, each as one text; null where it holds nothing. */
  kept(rows: readonly RowPlace[]): Promise<readonly (string | null)[]>;
  /**
   * Of a store that has more than keys once only: the keys of other rows that `write` of these would take away, since they hold a value
   * that one of these gets; as canonical texts, in key order. One may come twice.
   */
  displaced?(rows: readonly Delivery[], table: ComparedTable): Promise<readonly (readonly string[])[]>;
  /**
   * Puts back what was kept, under the sequence of the repair: so the guard stands where it stood. False, and nothing is changed, when
   * the store holds another change than the repair's by now. True as well where the row is as it was: an undo may be given again.
   */
  restore(row: UndoneRow): Promise<boolean>;
  /** Of a store with `displaced`: rows of one table that stand in each other's way when each is put back alone. All of them, or none. */
  restoreTogether?(rows: readonly UndoneRow[]): Promise<readonly boolean[]>;
  /** What `write` does, as text for the store's own tool. */
  statements(rows: readonly Delivery[]): Promise<string>;
  close(): Promise<void>;
}

/** The configuration, the name of the sink's section in it, and what the sink has to know beside it. */
export interface RepairedSink {
  readonly name: string;
  readonly config: SluiceConfig;
  readonly contextOf: (settings: SinkSettings) => SinkContext;
}

/** What a sink's `./repair` exports. Throws a PipelineError when the store cannot be opened. */
export type OpenRepair = (sink: RepairedSink) => Promise<StoreRepair>;

/** Null when the sink is not installed, or has no `./repair`. */
export async function openStoreRepair(sink: RepairedSink): Promise<StoreRepair | null> {
  const part = await importPart<{ readonly openRepair: OpenRepair }>(sink.name, './repair', sink.config);
  return part === null ? null : part.openRepair(sink);
}
