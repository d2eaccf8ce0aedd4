import { tableId, type TopicRouting } from '@sluice/envelope';
import { groupPositions, type kafkaClient } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { SinkState } from './status.ts';
import type { TableSelection } from './table-selection.ts';

const NAMED_MAX = 100;

export interface TopicsTakenParts {
  readonly kafka: ReturnType<typeof kafkaClient>;
  readonly group: string;
  /** `sinks.<name>`. */
  readonly section: string;
  readonly routing: TopicRouting;
  readonly selection: TableSelection;
  readonly state: SinkState;
  readonly log: Logger;
}

/** Says which of the topics that there are the settings of the sink leave out, where somebody might not expect it. */
export class TopicsTaken {
  readonly #parts: TopicsTakenParts;
  #hasLooked = false;

  constructor(parts: TopicsTakenParts) {
    this.#parts = parts;
  }

  /** @param names of all topics */
  async look(names: readonly string[]): Promise<void> {
    const { routing, selection } = this.#parts;
    if (selection.isAll) return;
    const data = names.filter((name) => routing.isDataTopic(name));
    const left = data.filter((name) => !selection.takesTopic(name, routing));
    this.#tellNone(data.length > 0 && left.length === data.length);
    if (this.#hasLooked || data.length === 0) return;
    await this.#tellLeft(left);
    this.#hasLooked = true;
  }

  #tellNone(isNone: boolean): void {
    const { section, state, log } = this.#parts;
    if (isNone === (state.selectionProblem !== null)) return;
    const problem = `${section}.tables and excludeTables leave this sink no table of those that are captured`;
    state.selectionProblem = isNone ? problem : null;
    if (isNone) log.warn({ event: 'sink.no_tables' }, `${problem}: correct them, or capture such a table`);
  }

  /** Topics that the group has read until the settings were changed. */
  async #tellLeft(left: readonly string[]): Promise<void> {
    const { kafka, group, routing, log } = this.#parts;
    if (left.length === 0) return;
    const positions = await groupPositions(kafka, group, left, null);
    const read = new Set(positions.flatMap(({ topic, committed }) => (committed === null ? [] : topic)));
    if (read.size === 0) return;
    const tables = [...read].slice(0, NAMED_MAX).map((topic) => {
      const source = routing.sourceOf(topic, null);
      return source?.database && source.table ? tableId(source.database, source.table) : topic;
    });
    log.warn(
      { event: 'sink.tables_left', tables, topics: read.size },
      `${read.size} table(s) that this sink has read are no longer taken by its settings: what the store has of them stays as it is, and follows no change`,
    );
  }
}
