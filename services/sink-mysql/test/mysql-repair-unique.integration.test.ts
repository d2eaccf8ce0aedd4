import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRowConnection, Pace, readRunningTable, repairRows, UndoFile, undoLines } from '@sluice/compare';
import type { ReportedRow, RowFate, StoreRepair, UndoLine } from '@sluice/compare';
import type { Row } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../src/compare.ts';
import { mysqlSinkSchema } from '../src/config.ts';
import { TargetFixture } from './target-fixture.ts';
import { id, text } from './target-records.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());

const never = new AbortController().signal;
const POINT = sequenceAt(20);

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (_, server) => {
  let fixture: TargetFixture;
  let topic: TestTopic;
  let store: StoreRepair;
  let folder: string;
  let source: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-repair-'));
    source = `${folder.split('-').at(-1)}_source`.toLowerCase();
    fixture = await TargetFixture.create(server, source);
    await fixture.reader.query(`CREATE DATABASE ${source}`);
    topic = new TestTopic({
      database: source,
      table: 'orders',
      columns: [id, text('note')],
      keyColumns: ['id'],
    });
    store = await fixture.repair();
  });
  afterEach(async () => {
    await store.close();
    await fixture.reader.query(`DROP DATABASE IF EXISTS ${source}`);
    await fixture.remove();
    await rm(folder, { recursive: true });
  });

  test('rows that have exchanged a unique value are repaired with each other, and undone, where the report has one', async () => {
    await target(['1 a', '2 b', '3 c']);
    await atSource('1 b', '2 a', '3 c');
    const fates = await repair(1);
    expect(fates.map(({ place, kind, fate, gaveWay }) => [place, kind, fate, gaveWay])).toEqual([
      ['["1"]', 'changed', 'equal', undefined],
      ['["2"]', 'changed', 'equal', true],
    ]);
    expect(await notes()).toEqual(['1 b', '2 a', '3 c']);
    for (const time of ['once', 'again']) {
      await undo();
      expect(await notes(), `given ${time}`).toEqual(['1 a', '2 b', '3 c']);
    }
  });

  test('they are while the source commits nothing, and again when that was undone', async () => {
    await target(['1 a', '2 b'], POINT);
    await atSource('1 b', '2 a');
    for (const time of ['once', 'again']) {
      const fates = await repair(1);
      expect(
        fates.map(({ fate, why }) => [fate, why]),
        `given ${time}`,
      ).toEqual([
        ['equal', null],
        ['equal', null],
      ]);
      expect(await notes()).toEqual(['1 b', '2 a']);
      await undo();
      expect(await notes()).toEqual(['1 a', '2 b']);
      await rm(join(folder, 'undo'));
    }
  });

  test('one that gives way to one that gives way goes along, and one that the source has not', async () => {
    await target(['1 a', '2 b', '3 c', '4 d']);
    await atSource('1 b', '2 c');
    const fates = await repair(1);
    expect(fates.map(({ place, kind, fate }) => [place, kind, fate])).toEqual([
      ['["1"]', 'changed', 'equal'],
      ['["2"]', 'changed', 'equal'],
      ['["3"]', 'extra', 'equal'],
    ]);
    expect(await notes()).toEqual(['1 b', '2 c', '4 d']);
    await undo();
    expect(await notes()).toEqual(['1 a', '2 b', '3 c', '4 d']);
  });

  test('a row that gave way comes back, although the repair did not come to it', async () => {
    await target(['1 a', '2 b']);
    await atSource('1 b', '2 a');
    await repair(1);
    await fixture.reader.query(`DELETE FROM ${fixture.table('orders')} WHERE id = 2`);
    await undo();
    expect(await notes()).toEqual(['1 a', '2 b']);
  });

  test('one that a truncate has taken since does not', async () => {
    await target(['1 a', '2 b']);
    await atSource('1 b', '2 a');
    await repair(1);
    const sink = await fixture.worker();
    await sink.write([topic.truncate(sequenceAt(30))], never);
    await undo();
    expect(await notes()).toEqual([]);
  });

  test('a key that has changed its case is written behind the delete of what the target takes for it', async () => {
    const key = { name: 'id', type: 'varchar(10)', nullable: false, charset: 'utf8mb4' };
    topic = new TestTopic({
      database: source,
      table: 'orders',
      columns: [key, text('note')],
      keyColumns: ['id'],
    });
    await fixture.reader.query(`CREATE DATABASE ${fixture.database}`);
    for (const database of [source, fixture.database])
      await fixture.reader.query(
        `CREATE TABLE ${database}.orders (id VARCHAR(10) COLLATE utf8mb4_general_ci PRIMARY KEY, note VARCHAR(40))`,
      );
    await fixture.reader.query(`INSERT INTO ${source}.orders VALUES ('a', 'x')`);
    await fixture.reader.query(`ALTER TABLE ${fixture.table('orders')} ADD _sluice_sequence BIGINT`);
    await fixture.reader.query(`INSERT INTO ${fixture.table('orders')} VALUES ('A', 'x', ${sequenceAt(10)})`);
    const fates = await repair('a', 'A');
    expect(fates.map(({ place, kind, fate }) => [place, kind, fate])).toEqual([
      ['["\\"a\\""]', 'missing', 'equal'],
      ['["\\"A\\""]', 'extra', 'equal'],
    ]);
    expect(await notes()).toEqual(['a x']);
    await undo();
    expect(await notes()).toEqual(['A x']);
  });

  async function target(rows: readonly string[], sequence = sequenceAt(10)): Promise<void> {
    const sink = await fixture.worker();
    await sink.write([topic.schema(sequenceAt(1))], never);
    await fixture.reader.query(`ALTER TABLE ${fixture.table('orders')} ADD UNIQUE KEY other (note)`);
    await sink.write(
      rows.map((row) => snapshot(row, sequence)),
      never,
    );
    expect(await notes()).toEqual(rows);
  }

  async function atSource(...rows: readonly string[]): Promise<void> {
    await fixture.reader.query(
      `CREATE TABLE ${source}.orders (id INT PRIMARY KEY, note VARCHAR(40), UNIQUE KEY other (note))`,
    );
    for (const row of rows)
      await fixture.reader.query(`INSERT INTO ${source}.orders VALUES (?, ?)`, row.split(' '));
  }

  async function notes(database = fixture.database): Promise<string[]> {
    const rows = await fixture.rows(`SELECT id, note FROM ${database}.orders ORDER BY id`);
    return rows.map((row) => `${row['id']} ${row['note']}`);
  }

  /** Of the rows with these keys, each in a partition of its own. */
  async function repair(...keys: readonly (number | string)[]): Promise<RowFate[]> {
    const connection = await openRowConnection(server);
    const compared = await openStore(mysqlSinkSchema.parse(fixture.section), 'sinks.mysql');
    const undoFile = await UndoFile.create(join(folder, 'undo'), {
      undo: 'repair',
      version: 1,
      sluice: '0',
      pipeline: 'test',
      startedAt: new Date().toISOString(),
    });
    try {
      const columns = ['id', 'note'].map((name) => ({ source: name, published: name, treatment: '' }));
      const published = { database: source, table: 'orders', columns, keyColumns: ['id'], refused: null };
      const { table } = await readRunningTable(connection, published);
      if (table === null) throw new Error('no table');
      const now = await notes(source);
      const reported = keys.map((key) => {
        const canonical = JSON.stringify(key);
        return { key: { id: canonical }, place: JSON.stringify([canonical]) } as unknown as ReportedRow;
      });
      const apart = (delivery: Delivery): Delivery => ({
        ...delivery,
        partition: keys.findIndex((key) => delivery.rowKey === JSON.stringify({ id: key })) + 1,
      });
      return await repairRows(reported, {
        source: connection,
        sink: 'mysql',
        table,
        rows: await compared.open(table),
        store,
        settled: async () => ({
          sequence: POINT,
          read: async () => now.map((row) => apart(snapshot(row, POINT, typeof keys[0]))),
          deletion: (rowKey) =>
            apart(
              topic.row({
                operation: 'DELETE',
                sequence: POINT,
                row: { ...(JSON.parse(rowKey) as Row), note: null },
              }),
            ),
        }),
        act: 'apply',
        undo: undoFile,
        pace: new Pace(1000, never),
        signal: never,
      });
    } finally {
      await undoFile.close();
      await connection.close();
      await compared.close();
    }
  }

  /** As `sluice repair --undo-from` does it. */
  async function undo(): Promise<void> {
    const refused: UndoLine[] = [];
    for await (const line of undoLines(join(folder, 'undo'), () => undefined))
      await store.restore(line).catch(() => refused.push(line));
    if (refused.length > 0) await store.restoreTogether?.(refused);
  }

  function snapshot(row: string, sequence: string, keyType = 'number'): Delivery {
    const [key = '', note = ''] = row.split(' ');
    const own = keyType === 'number' ? Number(key) : key;
    return topic.row({ operation: 'SNAPSHOT', sequence, row: { id: own, note } });
  }
});
