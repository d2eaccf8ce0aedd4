import {
  parseKey,
  type Generation,
  type Row,
  type RowEnvelope,
  type Sequence,
  tableId,
  tableIdOf,
} from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { reconciliationOf, type Reconciliation } from '../reconciliation.ts';
import {
  winsTie,
  type Delivery,
  type GenerationStore,
  type Outcome,
  type Purpose,
  type Sink,
} from '../sink.ts';

interface Stored {
  readonly sequence: Sequence;
  /** null: deleted, the sequence is remembered. */
  readonly row: Row | null;
}

export interface InMemorySink extends Sink {
  /** The row of a key columns' text, or null. */
  read(database: string, table: string, key: string): Row | null;
  /** Keys that are refused from now on, as a store refuses a value it cannot hold. */
  readonly refused: Set<string>;
  /** False: the store does not answer. */
  reachable: boolean;
  /** Record keys of each write, in order. */
  readonly writes: string[][];
}

/** The smallest sink that keeps the contract: what a store has to do, without a store. */
export function inMemorySink(): InMemorySink {
  const tables = new Map<string, Map<string, Stored>>();
  const floors = new Map<string, Sequence>();
  /** Partitions that have shown the end of a snapshot, by table and job. */
  const ends = new Map<string, Set<number>>();

  const rowsOf = (name: string): Map<string, Stored> => {
    const rows = tables.get(name) ?? new Map<string, Stored>();
    tables.set(name, rows);
    return rows;
  };

  const truncate = (name: string, floor: Sequence): Outcome => {
    if (floor > (floors.get(name) ?? '')) floors.set(name, floor);
    for (const [key, stored] of rowsOf(name)) if (stored.sequence < floor) rowsOf(name).delete(key);
    return { kind: 'applied' };
  };

  const reconcile = (
    name: string,
    partition: number,
    { job, since, partitions }: Reconciliation,
  ): Outcome => {
    const seen = ends.get(`${name} ${job}`) ?? new Set();
    ends.set(`${name} ${job}`, seen.add(partition));
    return seen.size < partitions ? { kind: 'applied' } : truncate(name, since);
  };

  const apply = (delivery: Delivery, purpose: Purpose): Outcome => {
    const { envelope, key, rowKey } = delivery;
    const { source, sequence } = envelope.payload;
    const name = tableId(source.database, source.table);
    if (sink.refused.has(key)) {
      return { kind: 'failed', error: new PipelineError('RECORD_INVALID', 'refused by the test') };
    }
    if (envelope.schema.type === 'truncate') return truncate(name, sequence);
    const reconciliation = reconciliationOf(envelope);
    if (reconciliation !== null) return reconcile(name, delivery.partition, reconciliation);
    if (envelope.schema.type !== 'row' || !('after' in envelope.payload)) return { kind: 'applied' };
    const { after } = envelope.payload;
    const stored = rowsOf(name).get(rowKey)?.sequence ?? '';
    const newer = winsTie(envelope as RowEnvelope, purpose) ? sequence >= stored : sequence > stored;
    if (!newer || sequence < (floors.get(name) ?? '')) return { kind: 'stale' };
    rowsOf(name).set(rowKey, { sequence, row: after });
    return { kind: 'applied' };
  };

  const answer = async (): Promise<void> => {
    if (!sink.reachable) throw new PipelineError('SINK_UNEXPECTED', 'the store does not answer');
  };

  const sink: InMemorySink = {
    refused: new Set(),
    reachable: true,
    writes: [],
    read: (database, table, key) => rowsOf(tableId(database, table)).get(key)?.row ?? null,
    open: answer,
    ping: answer,
    close: async () => undefined,
    generations: keptGeneration(),
    keep: async ({ envelope: { payload } }, keys, since) =>
      raise(rowsOf(tableIdOf(payload.source)), keys, since),
    write: async (batch, _signal, purpose = 'stream') => {
      await answer();
      sink.writes.push(batch.map(({ key }) => key));
      return batch.map((delivery) => apply(delivery, purpose));
    },
  };
  return sink;
}

function keptGeneration(): GenerationStore {
  let kept: Generation | null = null;
  return { read: async () => kept, keep: async (generation) => void (kept = generation) };
}

function raise(rows: Map<string, Stored>, keys: readonly string[], since: Sequence): void {
  for (const key of keys) {
    // As every store does, which throws for a key that none of its rows can have.
    parseKey(key);
    const stored = rows.get(key);
    if (stored !== undefined && stored.sequence < since) rows.set(key, { ...stored, sequence: since });
  }
}
