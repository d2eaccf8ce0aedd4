import type { DdlClearedRecord } from '@sluice/envelope';
import type { DdlJournal } from '../ddl/ddl-journal.ts';

/**
 * What operators decide between two sessions: the journal of the last one knows of it, that of the next was perhaps read before it
 * was stored. At most as many as the last journal had alerts.
 */
export class LateDecisions {
  #records: DdlClearedRecord[] = [];

  /** A start begins, and is going to read the DDL topic: what is stored by now is read. */
  begin(): void {
    this.#records = [];
  }

  /** @param record that is stored in the topic */
  note(record: DdlClearedRecord): void {
    this.#records.push(record);
  }

  /** The start has come to a session: nothing may be written behind these decisions that does not know of them. */
  tell(journal: DdlJournal): void {
    for (const record of this.#records) journal.clear(record);
    this.#records = [];
  }
}
