import type { Envelope, Sequence } from '@sluice/envelope';
import type { ControlDelivery } from './decode.ts';
import type { TableSelection } from './table-selection.ts';

/**
 * What the end of a snapshot after a gap asks of a sink: rows of the table below `since` are no longer in the source, for the
 * snapshot has brought all that are. True only when the end was seen in all `partitions`: a row may lie in any of them.
 */
export interface Reconciliation {
  readonly job: string;
  readonly since: Sequence;
  readonly partitions: number;
}

/** Null for every other envelope, and for the marks of a capture that did not write what it takes. */
export function reconciliationOf({ schema, payload }: Envelope): Reconciliation | null {
  if (schema.type !== 'snapshot' || !('phase' in payload) || payload.phase !== 'end') return null;
  const { job, reconcile, since, partitions } = payload;
  return reconcile && since !== undefined && partitions !== undefined ? { job, since, partitions } : null;
}

/**
 * A snapshot takes away what is no longer in the source, and brings what is: not for a sink that applies no deletes, which keeps what the
 * source has no more.
 */
export function withoutRemoval(delivery: ControlDelivery, selection: TableSelection): ControlDelivery {
  const { envelope } = delivery;
  const { payload } = envelope;
  if (selection.takesOperation('delete')) return delivery;
  if ('allRows' in payload) return withPayload(delivery, { ...payload, allRows: false });
  return 'reconcile' in payload ? withPayload(delivery, { ...payload, reconcile: false }) : delivery;
}

function withPayload(
  delivery: ControlDelivery,
  payload: ControlDelivery['envelope']['payload'],
): ControlDelivery {
  return { ...delivery, envelope: { ...delivery.envelope, payload } as ControlDelivery['envelope'] };
}
