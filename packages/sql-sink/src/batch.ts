import { tableId } from '@sluice/envelope';
import type { Delivery } from '@sluice/sink-kit';
import { keyDigest } from './sequences.ts';

/** The partition of a topic that a batch came from, and the `tableId` of the source's table. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly table: string;
}

export function originOf({ topic, partition, envelope }: Delivery): Origin {
  const { database, table } = envelope.payload.source;
  return { topic, partition, table: tableId(database, table) };
}

/** The table as the sink's own tables name it: a quoted name may be longer than their column. */
export function nameInState({ table }: Origin): string {
  return table.length <= 129 ? table : keyDigest(table);
}

/** Where reading continues when all of the batch is stored. */
export function nextOffset(batch: readonly Delivery[]): bigint {
  return batch.reduce((highest, { next }) => (next > highest ? next : highest), 0n);
}

/** A topic may hold several tables (strategy `database`): the positions of each one's rows. */
export function byTable(batch: readonly Delivery[]): Iterable<readonly number[]> {
  const positions = batch.map((_, position) => position);
  return Map.groupBy(positions, (position) => {
    const source = batch[position]?.envelope.payload.source;
    return `${source?.database}\0${source?.table}`;
  }).values();
}
