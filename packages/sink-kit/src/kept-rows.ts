import { isControlKey, keyColumnsText, parseKey, tableId } from '@sluice/envelope';
import type { TopicPartition } from '@sluice/kafka';
import type { ControlDelivery } from './decode.ts';
import { toKnownError } from './known-error.ts';
import { reconciliationOf } from './reconciliation.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * Before the end of a snapshot removes what it has not brought: a row whose newest change was refused, here or by capture, is in
 * the source all the same, and what the store has of it is better than nothing. All changes of a row are in this partition, before
 * this record, or dead letters that were written before it. Throws what the store or Kafka has against it; then the record is not done.
 */
export async function keepRefused(
  end: ControlDelivery,
  where: TopicPartition,
  context: WorkerContext,
  signal: AbortSignal,
): Promise<void> {
  const since = reconciliationOf(end.envelope)?.since;
  if (since === undefined) return;
  const { database, table: name } = end.envelope.payload.source;
  const members = context.routing.keyMembers(database, name);
  const named = { table: tableId(database, name), partition: where.partition, rows: 0, unreadable: 0 };
  for await (const page of context.refusedKeys(where, since)) {
    const refused = page.flatMap((key) => (isControlKey(key) ? [] : (keyColumnsText(members, key) ?? [])));
    const keys = refused.filter(namesRow);
    named.rows += keys.length;
    named.unreadable += refused.length - keys.length;
    if (keys.length === 0) continue;
    await askStore(context, () => context.sink.keep(end, keys, since, signal), signal);
  }
  if (named.rows + named.unreadable === 0) return;
  context.log.warn(
    { event: 'rows.kept', ...named },
    'older rows stay: their newest changes are dead letters',
  );
}

/** Throws what the store has against it. About the table, the store has answered: then the breaker counts no failure. */
async function askStore(
  { breaker }: WorkerContext,
  keep: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const refusal = await breaker.run(async () => {
    try {
      await keep();
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const known = toKnownError(error);
      if (known.errorClass === 'schema' || known.errorClass === 'record') return known;
      throw known;
    }
  });
  if (refusal !== null) throw refusal;
}

/** Among the letters may be a record that is no row's: nothing is known of its key. */
function namesRow(key: string): boolean {
  try {
    return Object.keys(parseKey(key)).length > 0;
  } catch {
    return false;
  }
}
