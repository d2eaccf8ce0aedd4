import { ddlTopic, type DdlStateRecord } from '@sluice/envelope';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import { appendJson } from '../encode/control-writer.ts';
import type { PublishBuffer } from '../encode/publish-buffer.ts';

type DdlState = DdlStateRecord['payload'];
type Parts = Pick<DdlState, 'statements' | 'tables'>;

/** Keys of records that are about no table. */
const [BEGIN, MORE, CLEARED] = ['state', 'state-more', 'cleared'] as const;
/** Bytes of JSON in one record, give or take one statement: far below what Kafka takes. */
const RECORD_LENGTH = 200_000;

/** Whether a state begins with this record of the DDL topic: a start needs none before it. */
export function isStateBegin({ key }: { readonly key: Buffer | null }): boolean {
  return String(key) === BEGIN;
}

/** Writes what the journal knows when many records have come since that was done last. @param at milliseconds since 1970 */
export function writeDdlState(journal: DdlJournal, buffer: PublishBuffer, prefix: string, at: number): void {
  const to = { topic: ddlTopic(prefix), partition: 0 };
  if (journal.isLong) {
    let begins = true;
    for (const part of inParts(journal.state())) {
      const record: DdlStateRecord = {
        schema: { version: 1, type: 'ddl-state' },
        payload: { begins, ...part },
      };
      appendJson(buffer, to, begins ? BEGIN : MORE, record, at, {});
      begins = false;
    }
  }
  for (const record of journal.takeRepeats()) appendJson(buffer, to, CLEARED, record, at, {});
}

/** At least one. */
function inParts({ statements, tables }: Parts): readonly Parts[] {
  let part: Parts = { statements: [], tables: [] };
  const parts = [part];
  let length = 0;
  const partFor = (item: object): Parts => {
    const added = Buffer.byteLength(JSON.stringify(item));
    if (length > 0 && length + added > RECORD_LENGTH) {
      part = { statements: [], tables: [] };
      parts.push(part);
      length = 0;
    }
    length += added;
    return part;
  };
  for (const statement of statements) partFor(statement).statements.push(statement);
  for (const table of tables) partFor(table).tables.push(table);
  return parts;
}
