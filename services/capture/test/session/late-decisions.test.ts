import { expect, test } from 'vitest';
import { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { LateDecisions } from '../../src/session/late-decisions.ts';
import { clearedRecord, ddlId, ddlRecord } from '../support/ddl-records.ts';

/** A journal that was read from a topic with two alerts. */
function journalRead(): DdlJournal {
  const journal = new DdlJournal();
  for (const number of [1, 2]) journal.apply(ddlRecord(number));
  return journal;
}

test('what is cleared while a start reads the topic stays cleared in its session, and in no later one', () => {
  const late = new LateDecisions();
  late.begin();
  const read = journalRead();
  late.note(clearedRecord([ddlId(1)]));
  late.tell(read);
  expect(read.alerts.map(({ id }) => id)).toEqual([ddlId(2)]);
  const later = journalRead();
  late.tell(later);
  expect(later.alerts).toHaveLength(2);
});

test('what was cleared before a start is in the topic that it reads', () => {
  const late = new LateDecisions();
  late.note(clearedRecord([ddlId(1)]));
  late.begin();
  const read = journalRead();
  late.tell(read);
  expect(read.alerts).toHaveLength(2);
});
