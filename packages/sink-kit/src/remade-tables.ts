import { tableId } from '@sluice/envelope';
import type { TopicPartition } from '@sluice/kafka';
import { errorEntry, PipelineError } from '@sluice/runtime';
import type { ControlDelivery } from './decode.ts';
import { withoutRemoval } from './reconciliation.ts';
import { bringsAll } from './schema-ahead.ts';
import type { Delivery } from './sink.ts';
import type { StepProgress } from './step-progress.ts';
import type { WorkerContext } from './worker-context.ts';

const MADE_AGAIN = 'the store lacks the table or a column: a later snapshot creates it';
const PASSED_OVER =
  'a change of the table is lost to one of its partitions: older rows are passed over, a later snapshot brings all of them';

type Lack = 'no-table' | 'no-shape' | 'lost-change';

/**
 * Whether the store has got a table that it lacked, or need not wait for a change of one, by the record that a snapshot further on begins
 * with: from there on all of its rows come. What Kafka or the store does not answer now is asked at the next try.
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
  if (means !== 'no-table' && means !== 'no-shape' && means !== 'lost-change') return false;
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
  delivery: Delivery,
  means: Lack,
  remade: Set<bigint>,
  where: TopicPartition,
  context: WorkerContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { incomplete, sink, selection, log } = context;
  const { database, table } = delivery.envelope.payload.source;
  const found = await recordAhead(delivery, means, remade, where, context);
  if (found === null || remade.has(found.offset)) return false;
  const record = withoutRemoval(found, selection);
  if (means === 'lost-change' && !bringsAll(record.envelope.payload)) return false;
  // A shape that the store refuses has kept every row out until now: none is missing. Corrected in the settings, another
  // one comes, behind the record of this one.
  if (means !== 'no-shape') await incomplete.remade(where, delivery.offset);
  const [outcome] = await sink.write([record], signal, 'replay');
  if (outcome?.kind === 'failed') return false;
  remade.add(record.offset);
  const by = { ...where, table: tableId(database, table), by: String(record.offset) };
  if (means === 'lost-change') log.warn({ event: 'table.passed_over', ...by }, PASSED_OVER);
  else log.warn({ event: 'table.made_again', ...by }, MADE_AGAIN);
  return true;
}

/** The first that tells the table; where the store has got that and lacks something still, the first behind which all rows come. */
async function recordAhead(
  { offset, envelope }: Delivery,
  means: Lack,
  remade: ReadonlySet<bigint>,
  where: TopicPartition,
  { schemaAhead }: WorkerContext,
): Promise<ControlDelivery | null> {
  const { source } = envelope.payload;
  const first = means === 'lost-change' ? null : await schemaAhead.find(where, offset, source);
  const isUsed = means === 'no-table' && first !== null && remade.has(first.offset);
  return means === 'lost-change' || isUsed ? await schemaAhead.find(where, offset, source, true) : first;
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
