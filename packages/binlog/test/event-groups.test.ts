import { expect, test } from 'vitest';
import { EventGroups } from '../src/event-groups.ts';
import { Recorder } from './support/recorder.ts';

const AUTOCOMMIT = { gtid: 'g:1', committedAtMicros: 7, lone: false, transactional: false, xid: null };
const TRANSACTION = { ...AUTOCOMMIT, transactional: true };

function groupsOf(): { readonly recorder: Recorder; readonly groups: EventGroups } {
  const recorder = new Recorder();
  const header = { timestamp: 1, serverId: 11, type: 0, flags: 0, start: 40, end: 90 };
  return { recorder, groups: new EventGroups(recorder, header) };
}

function query(sql: string): Parameters<EventGroups['query']>[0] {
  return { database: 'shop', bytes: Buffer.from(sql), charset: 'utf8mb4', sqlMode: 0 };
}

test('a statement that was announced without a commit closes its group', () => {
  const { groups, recorder } = groupsOf();
  groups.begin(AUTOCOMMIT);
  groups.query(query('DROP TABLE t'));
  expect(recorder.calls).toEqual(['begin g:1 40', 'query closes 90 DROP TABLE t']);
});

test('a statement within a transaction leaves it open, its commit or rollback closes it', () => {
  const { groups, recorder } = groupsOf();
  groups.begin(TRANSACTION);
  groups.query(query('SAVEPOINT s'));
  groups.query(query('ROLLBACK TO s'));
  groups.query(query('ROLLBACK'));
  groups.begin(TRANSACTION);
  groups.query(query('COMMIT'));
  expect(recorder.calls).toEqual([
    'begin g:1 40',
    'query within 90 SAVEPOINT s',
    'query within 90 ROLLBACK TO s',
    'query closes 90 ROLLBACK',
    'begin g:1 40',
    'commit 90',
  ]);
});

test('without GTID events the first statement opens the group, and BEGIN awaits a commit', () => {
  const { groups, recorder } = groupsOf();
  groups.query(query('CREATE TABLE t (id int)'));
  groups.query(query('BEGIN'));
  groups.query(query('SAVEPOINT s'));
  groups.commit();
  expect(recorder.calls).toEqual([
    'begin null 40',
    'query closes 90 CREATE TABLE t (id int)',
    'begin null 40',
    'query within 90 SAVEPOINT s',
    'commit 90',
  ]);
});

test('an XA transaction is told at its begin where only the GTID event has it, and its prepare closes it', () => {
  const { groups, recorder } = groupsOf();
  groups.begin({ ...TRANSACTION, xid: "X'61'" });
  groups.prepare("XA PREPARE X'61'");
  groups.query(query("XA START X'62'"));
  expect(recorder.calls).toEqual([
    'begin g:1 40',
    "query within 90 XA START X'61'",
    "query closes 90 XA PREPARE X'61'",
    'begin null 40',
    "query within 90 XA START X'62'",
  ]);
});
