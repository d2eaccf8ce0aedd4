import { tableId } from '@sluice/envelope';
import type { TopicPartition } from '@sluice/kafka';
import { errorEntry, PipelineError } from '@sluice/runtime';
import type { Delivery } from './sink.ts';
import type { StepProgress } from './step-progress.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * Whether the store has got a table that it lacked, by the record that a snapshot further on begins with: from there on all
 * of its rows come. What Kafka or the store does not answer now is asked at the next try.
 * @param error why the step's first group cannot be applied
 */
export async function hasRemade(
  error: unknown,
  progress: StepProgress,
  where: TopicPartition,
  context: WorkerContext,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(error instanceof PipelineError)) return false;
  const { means } = errorEntry(error.code);
  if (means !== 'no-table' && means !== 'no-shape') return false;
  try {
    for (const delivery of oneOfEachTable(progress.groups[0]?.deliveries ?? []))
      if (await isRemadeFor(delivery, means, progress.remade, where, context, signal)) return true;
  } catch (failure) {
    signal.throwIfAborted();
    context.log.debug({ err: failure }, 'not created again yet');
  }
  return false;
}

async function isRemadeFor(
  { offset, envelope }: Delivery,
  means: 'no-table' | 'no-shape',
  remade: Set<bigint>,
  where: TopicPartition,
  { schemaAhead, incomplete, sink, log }: WorkerContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { database, table } = envelope.payload.source;
  const record = await schemaAhead.find(where, offset, { database, table });
  if (record === null || remade.has(record.offset)) return false;
  // A shape that the store refuses has kept every row out until now: none is missing. Corrected in the settings, another
  // one comes, behind the record of this one.
  if (means !== 'no-shape') await incomplete.remade(where, offset);
  const [outcome] = await sink.write([record], signal, 'replay');
  if (outcome?.kind === 'failed') return false;
  remade.add(record.offset);
  log.warn(
    { event: 'table.made_again', ...where, table: tableId(database, table), by: String(record.offset) },
    'the store lacks the table or a column: a later snapshot creates it',
  );
  return true;
}

function oneOfEachTable(deliveries: readonly Delivery[]): Iterable<Delivery> {
  const byTable = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const { database, table } = delivery.envelope.payload.source;
    const id = JSON.stringify([database, table]);
    if (!byTable.has(id)) byTable.set(id, delivery);
  }
  return byTable.values();
}
