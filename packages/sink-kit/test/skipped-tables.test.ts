import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { DeadLetterIndex } from '../src/dead-letters/dead-letter-index.ts';
import { SkippedRecords } from '../src/skipped-records.ts';
import { SkippedTables } from '../src/skipped-tables.ts';
import { TableSelection, type SelectionSettings } from '../src/table-selection.ts';
import {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  sequenceAt,
  type SnapshotMark,
} from '../src/testing/index.ts';
import { topic } from './fixtures.ts';

const table = `${CONFORMANCE_DATABASE}.${CONFORMANCE_TABLE}`;
const since = sequenceAt(40);

class Setup {
  readonly index = new DeadLetterIndex();
  readonly lines: string[] = [];
  written = 0;

  /** The sink, started with these settings. */
  start(settings: SelectionSettings): SkippedTables {
    const log = createLogger('test', { level: 'info' }, { write: (line) => void this.lines.push(line) });
    const tables = new SkippedTables({
      selection: new TableSelection(settings, ['*.*']),
      decide: async (decision) => {
        this.written += 1;
        this.index.apply(decision);
      },
      stored: () => this.index.skipped,
      now: () => 0,
      log,
    });
    tables.begin();
    return tables;
  }
}

function skippedOf(operation: 'INSERT' | 'DELETE' | 'none'): SkippedRecords {
  const records = new SkippedRecords();
  const source = { database: CONFORMANCE_DATABASE, table: CONFORMANCE_TABLE };
  records.add({ kind: 'skipped', next: 1n, source, operation });
  return records;
}

const mark = (phase: SnapshotMark['phase'], job: string, partition = 0) => ({
  ...topic.snapshotMark(since, { phase, job, reconcile: true, since, partitions: 2 }),
  partition,
});

test('a table that was skipped and is taken later is incomplete until a snapshot of it has ended', async () => {
  const setup = new Setup();
  const without = setup.start({ excludeTables: [table] });
  for (const partition of [0, 1, 0])
    await without.note({ topic: topic.topic, partition }, skippedOf('INSERT'));
  await without.note({ topic: topic.topic, partition: 2 }, skippedOf('none'));
  expect([setup.written, without.all]).toEqual([2, []]);
  expect(setup.lines.join()).toMatch(/"event":"sink.skips".*what the store has stays as it is/);

  const taking = setup.start({});
  const fix = `Run: sluice snapshot start --table ${table} --reconcile`;
  expect(setup.lines.at(-1)).toContain('"event":"sink.incomplete"');
  expect(setup.lines.at(-1)).toContain(fix);
  const line = { topic: topic.topic, table, since: '1970-01-01T00:00:00.000Z', wholeAgain: [], fix };
  expect(taking.all).toEqual([{ ...line, partitions: [0, 1] }]);
  await taking.passed(mark('end', 'before'));
  await taking.passed(mark('begin', 's1'));
  await taking.passed(mark('begin', 's1', 1));
  await taking.passed(mark('end', 's1'));
  expect(taking.all).toEqual([{ ...line, partitions: [1] }]);
  await taking.passed(mark('end', 's1', 1));
  expect([taking.all, setup.index.skipped.size]).toEqual([[], 0]);
});

test('so is one of which more operations are taken, and one that is left out again is not', async () => {
  const setup = new Setup();
  const where = { topic: topic.topic, partition: 0 };
  await setup.start({ operations: ['insert'] }).note(where, skippedOf('DELETE'));
  expect(setup.start({ operations: ['insert', 'update'] }).all).toEqual([]);
  expect(setup.start({ operations: ['insert', 'delete'] }).all).toHaveLength(1);
  expect(setup.start({ excludeTables: [table] }).all).toEqual([]);
});
