import { decodeDdlRecord, type DdlClearedRecord, type DdlRecord } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { DdlJournal } from '../../src/ddl/ddl-journal.ts';
import { isStateBegin, writeDdlState } from '../../src/state/ddl-state.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { bufferOf } from '../support/buffers.ts';
import { clearedRecord, ddlId, ddlRecord } from '../support/ddl-records.ts';
import { topicOf, type KeptRecord } from '../support/kept-topics.ts';

const CLASSES = ['additive', 'breaking', 'truncate', 'cascade', 'xa', 'rows'] as const;

function entry(number: number): DdlRecord {
  const shadow = number % 50 === 1;
  return ddlRecord(number, {
    class: CLASSES[number % CLASSES.length] ?? 'additive',
    policy: number % 40 === 4 ? 'pause-table' : number % 7 === 0 ? 'alert' : 'apply',
    tables: [`shop.${shadow ? '_' : ''}t${number % 30}`],
    shadow,
    created: number % 100 === 1,
    statement: `ALTER TABLE t${number % 30} ADD c${number} ${'x'.repeat(number % 900)}`,
  });
}

/** What anybody asks a journal. */
function answersOf(journal: DdlJournal): unknown {
  const tables = Array.from({ length: 30 }, (_, n) => [`shop.t${n}`, `shop._t${n}`]).flat();
  return {
    alerts: journal.alerts,
    history: journal.history(),
    free: journal.freeId(ddlId(3990)),
    stopped: journal.stopped,
    prepared: statements.map((statement) => journal.tablesOfPrepared(statement)),
    tables: tables.map((id) => [
      journal.isStopped(id),
      journal.lastChange(id),
      journal.isCascadeTold(id),
      journal.shadowChange(id),
    ]),
  };
}

/** As capture goes on: each statement in a Kafka transaction, with whatever the state adds to it. */
function publish(journal: DdlJournal, records: readonly (DdlRecord | DdlClearedRecord)[]): KeptRecord[] {
  return records.flatMap((record) => {
    journal.apply(record);
    return [{ key: 'any', value: JSON.stringify(record) }, ...stateOf(journal)];
  });
}

function stateOf(journal: DdlJournal): KeptRecord[] {
  const buffer = bufferOf();
  writeDdlState(journal, buffer, 'p', 1);
  return recordsOf(buffer);
}

async function readBack(records: readonly KeptRecord[]): Promise<{ journal: DdlJournal; read: number }> {
  const topic = topicOf(records);
  const journal = new DdlJournal();
  const since = await topic.reader.readSince('t', 0, isStateBegin);
  for (const { value } of since.records) if (value !== null) journal.restore(value);
  return { journal, read: topic.read };
}

const many = Array.from({ length: 4000 }, (_, number) => [
  entry(number),
  ...(number % 14 === 0 ? [clearedRecord([ddlId(number)])] : []),
]).flat();

const statements = many.flatMap(({ payload }) => ('ids' in payload ? [] : [payload.statement]));

test('a start knows all that ever was by the newest state and what came since', async () => {
  const written = new DdlJournal();
  const records = publish(written, many);
  const { journal, read } = await readBack(records);
  expect(written.alerts.length).toBeGreaterThan(300);
  expect(statements.filter((text) => written.tablesOfPrepared(text).length > 0).length).toBeGreaterThan(600);
  expect(answersOf(journal)).toEqual(answersOf(written));
  expect(read).toBeLessThan(1100);
  for (const { value } of records) expect(String(value).length).toBeLessThan(220_000);
});

test('a topic without a state is read as a whole, and gets one; who reads all of it comes to the same', async () => {
  const before = many.map((record) => ({ key: 'any', value: JSON.stringify(record) }));
  const { journal } = await readBack(before);
  const records = [...before, ...stateOf(journal)];
  const again = await readBack(records);
  expect(answersOf(again.journal)).toEqual(answersOf(journal));
  expect(again.read).toBe(records.length - before.length);
  const whole = new DdlJournal();
  for (const { value } of records) whole.restore(Buffer.from(value ?? ''));
  expect(answersOf(whole)).toEqual(answersOf(journal));
});

test('an alert that is cleared while a state is under way stays cleared', async () => {
  const journal = new DdlJournal();
  const records = publish(journal, many.slice(0, 990));
  for (let number = 5000; !journal.isLong; number++) records.push(...told(journal, entry(number)));
  const [alert] = journal.alerts;
  if (alert === undefined) throw new Error('no alert');
  const underWay = stateOf(journal);
  const decision = clearedRecord([alert.id]);
  // The decision is in the topic before the state that does not know of it.
  records.push({ key: 'cleared', value: JSON.stringify(decision) }, ...underWay);
  journal.clear(decision);
  records.push(...stateOf(journal));
  const { journal: found } = await readBack(records);
  expect(found.alerts.map(({ id }) => id)).not.toContain(alert.id);
  expect(answersOf(found)).toEqual(answersOf(journal));
  expect(stateOf(journal)).toEqual([]);
});

function told(journal: DdlJournal, record: DdlRecord): KeptRecord[] {
  journal.apply(record);
  return [{ key: 'any', value: JSON.stringify(record) }];
}

test('an earlier version, which knows no state, passes over it', () => {
  const journal = new DdlJournal();
  const states = publish(journal, many).filter(({ key }) => key.startsWith('state'));
  expect(states.length).toBeGreaterThan(3);
  for (const { value } of states) {
    const record = decodeDdlRecord(Buffer.from(value ?? ''));
    expect([record?.schema.version, record?.schema.type]).toEqual([1, 'ddl-state']);
  }
});
