import { isControlKey, keyColumnsText, parseKey, tableId } from '@sluice/envelope';
import type { TopicPartition } from '@sluice/kafka';
import type { ControlDelivery } from './decode.ts';
import { toKnownError } from './known-error.ts';
import { reconciliationOf } from './reconciliation.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * Before the end of a snapshot removes what it has not brought: a row whose newest change was refused is in the source all the
 * same, and what the store has of it is better than nothing. All changes of a row are in this partition, before this record. Throws
 * what the store or Kafka has against it; then the record is not done.
 */
export async function keepRefused(
  end: ControlDelivery,
  where: TopicPartition,
  { breaker, sink, refusedKeys, routing, log }: WorkerContext,
  signal: AbortSignal,
): Promise<void> {
  const reconciliation = reconciliationOf(end.envelope);
  if (reconciliation === null) return;
  const { database, table: name } = end.envelope.payload.source;
  const members = routing.keyMembers(database, name);
  const refused = (await refusedKeys(where, reconciliation.since)).flatMap((key) =>
    isControlKey(key) ? [] : (keyColumnsText(members, key) ?? []),
  );
  if (refused.length === 0) return;
  const keys = refused.filter(namesRow);
  const refusal = await breaker.run(async () => {
    try {
      await sink.keep(end, keys, reconciliation.since, signal);
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const known = toKnownError(error);
      // About the table: the store has answered.
      if (known.errorClass === 'schema' || known.errorClass === 'record') return known;
      throw known;
    }
  });
  if (refusal !== null) throw refusal;
  const unreadable = refused.length - keys.length;
  const named = { table: tableId(database, name), partition: where.partition, rows: keys.length, unreadable };
  log.warn({ event: 'rows.kept', ...named }, 'older rows stay: their newest changes are dead letters');
}

/** Among the letters may be a record that is no row's: nothing is known of its key. */
function namesRow(key: string): boolean {
  try {
    return Object.keys(parseKey(key)).length > 0;
  } catch {
    return false;
  }
}
