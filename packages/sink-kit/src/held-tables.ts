import { tableArgument, tableId } from '@sluice/envelope';
import type { HeldChange } from '@sluice/ops-api';
import { PipelineError } from '@sluice/runtime';
import type { ControlDelivery } from './decode.ts';

/**
 * Changes of tables that the operator's policy (`ddl` of sluice.yaml) lets nobody apply unseen: the partitions of the table
 * wait at the control record, in every sink by itself, and everything behind it stays in the topic.
 */
export class HeldTables {
  readonly #isReleased: (id: string) => boolean;
  readonly #held = new Map<string, HeldChange>();

  /** @param isReleased whether an operator has said `sluice table resume`, by the id of the change */
  constructor(isReleased: (id: string) => boolean) {
    this.#isReleased = isReleased;
  }

  /** Throws TABLE_PAUSED while the change must wait. */
  check({ topic, envelope }: ControlDelivery): void {
    const { payload, schema } = envelope;
    if (!('policy' in payload) || payload.policy !== 'pause-table') return;
    const { sequence, source } = payload;
    const table = tableId(source.database, source.table);
    // One statement may change several tables, and they may share a topic.
    const id = `ddl/${topic}/${table}/${sequence}`;
    if (this.#isReleased(id)) {
      this.#held.delete(id);
      return;
    }
    this.#held.set(id, { id, table, topic, sequence, type: schema.type });
    throw new PipelineError(
      'TABLE_PAUSED',
      `${table} waits at a ${schema.type} record, as \`ddl\` says: sluice table resume --table ${tableArgument(table)}`,
      { context: { table, topic, sequence } },
    );
  }

  /** Those that wait in this process. */
  get all(): readonly HeldChange[] {
    return [...this.#held.values()].filter(({ id }) => !this.#isReleased(id));
  }
}
