import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SchemaColumn } from '@sluice/envelope';
import { debianCommand, debianTree, MYSQL_TREE, type MysqlServer, startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeptColumns } from '../src/kept-columns.ts';
import { mysqlSinkSchema } from '../src/config.ts';
import { targetPool } from '../src/mysql-driver.ts';
import { TargetFixture } from './target-fixture.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
type StoreRepair = Awaited<ReturnType<TargetFixture['repair']>>;
type UndoneRow = Parameters<StoreRepair['restore']>[0];

const never = new AbortController().signal;
const id: SchemaColumn = { name: 'id', type: 'int', nullable: false, charset: null };
const note: SchemaColumn = { name: 'note', type: 'varchar(40)', nullable: true, charset: 'utf8mb4' };

/** Values that a careless copy would change. */
const ODD: Readonly<Record<string, string>> = {
  'tinyint unsigned': '255',
  bigint: '-9223372036854775808',
  'decimal(20,4)': '1.5000',
  float: '16777217.1',
  double: '0.1e-300',
  'bit(12)': "b'101010101010'",
  year: '2026',
  date: "'0000-00-00'",
  'time(3)': "'-838:59:58.999'",
  'datetime(6)': "'2026-11-29 08:00:00.123456'",
  'timestamp(3)': "'2026-11-29 08:00:00.123'",
  'varchar(40) CHARACTER SET latin1': "'é trailing '",
  'varchar(40) CHARACTER SET utf16': "'日本'",
  text: "'it''s \\\\ and \\n'",
  'varbinary(9)': "X'00FF27'",
  blob: "X'80'",
  json: '\'{"n": 10.1, "s": "x"}\'',
  "enum('a','b')": "'b'",
  "set('a','b','c')": "'a,c'",
  point: "ST_GeomFromText('POINT(1 2)')",
  'int GENERATED ALWAYS AS (id * 2) VIRTUAL': '',
};

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (_, server) => {
  let fixture: TargetFixture;
  let repair: StoreRepair | null = null;
  const topic = new TestTopic({ database: 'shop', table: 'orders', columns: [id, note], keyColumns: ['id'] });

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
  });
  afterEach(async () => {
    await repair?.close();
    repair = null;
    await fixture.remove();
  });

  test('a row of any types comes back as it was', async () => {
    const columns = Object.keys(ODD).map((type, at) => `c${at} ${type}`);
    const values = Object.values(ODD).map((value) => (value === '' ? 'DEFAULT' : value));
    await fixture.reader.query(`CREATE DATABASE ${fixture.database}`);
    const table = fixture.table('odd');
    await fixture.reader.query(
      `CREATE TABLE ${table} (id INT PRIMARY KEY, ${columns.join(', ')}, _sluice_sequence BIGINT)`,
    );
    await fixture.reader.query(`INSERT INTO ${table} VALUES (1, ${values.join(', ')}, 5)`);
    await fixture.reader.query(`INSERT INTO ${table} (id, _sluice_sequence) VALUES (2, 5)`);
    const before = await fixture.rows(`SELECT * FROM ${table} ORDER BY id`);
    expect(before).toHaveLength(2);
    const pool = targetPool(mysqlSinkSchema.parse(fixture.section), 'sinks.mysql');
    const connection = await pool.getConnection();
    try {
      const kept = await KeptColumns.of(connection, fixture.database, 'odd');
      for (const row of [1, 2]) {
        const [found] = await connection.query({ sql: kept.selectSql(`id = ${row}`), rowsAsArray: true });
        const text = kept.textOf((found as unknown as (string | null)[][])[0] ?? []);
        await connection.query(`DELETE FROM ${table} WHERE id = ${row}`);
        await connection.query(kept.insertSql(text, '5'));
      }
    } finally {
      connection.release();
      await pool.end();
    }
    expect(await fixture.rows(`SELECT * FROM ${table} ORDER BY id`)).toEqual(before);
  });

  test('what the repair has written is undone, what came since is not', async () => {
    const store = await opened();
    await fill();
    const writes = [1, 2, 3].map((key) => snapshot(key, 'repaired', 20));
    const places = [...writes, deletion(4, 20)].map(placeOf);
    const kept = await store.kept(places);
    expect(kept.map((text) => (text === null ? null : (JSON.parse(text) as object)))).toEqual([
      { id: '1', note: hex('old') },
      { id: '2', note: hex('old') },
      null,
      { id: '4', note: hex('old') },
    ]);
    expect(await store.write([...writes, deletion(4, 20)])).toEqual(Array(4).fill({ kind: 'applied' }));
    await fixture.reader.query(
      `UPDATE ${fixture.table('orders')} SET note = 'newer', _sluice_sequence = ${sequenceAt(30)} WHERE id = 2`,
    );
    // An undo that was broken off is given again: what is put back already is so still.
    for (const time of ['once', 'again']) {
      const undone: boolean[] = [];
      for (const [index, place] of places.entries())
        undone.push(await store.restore({ ...place, sequence: sequenceAt(20), kept: kept[index] ?? null }));
      expect(undone, `given ${time}`).toEqual([true, false, true, true]);
      expect(await notes(), `given ${time}`).toEqual(['1 old', '2 newer', '4 old']);
    }
  });

  test('its statements for a person leave a newer row alone', async () => {
    const store = await opened();
    await fill();
    const text = await store.statements([
      snapshot(1, "it's", 20),
      snapshot(2, 'too old', 5),
      snapshot(3, 'new', 20),
      deletion(4, 5),
    ]);
    for (const statement of text.split(';\n').filter((line) => line !== ''))
      await fixture.reader.query(statement);
    expect(await notes()).toEqual(["1 it's", '2 old', '3 new', '4 old']);
    for (const statement of (await store.statements([deletion(4, 20)]))
      .split(';\n')
      .filter((line) => line !== ''))
      await fixture.reader.query(statement);
    expect(await notes()).toEqual(["1 it's", '2 old', '3 new']);
  });

  test.runIf(server.flavour === 'mysql')(
    'the mysql client takes its statements as they are meant, whatever its session',
    async () => {
      const store = await opened();
      await fill();
      const odd = 'a\r\nb\0c\x1a\\ \'";\n\tend';
      await throughClient(server, await store.statements([snapshot(1, odd, 20)]));
      expect(await notes()).toEqual([`1 ${odd}`, '2 old', '4 old']);
    },
  );

  test('its statements for a table with another unique index change no row of another key', async () => {
    const store = await opened();
    await fill();
    await fixture.reader.query(`UPDATE ${fixture.table('orders')} SET note = CONCAT('old ', id)`);
    await fixture.reader.query(`ALTER TABLE ${fixture.table('orders')} ADD UNIQUE KEY other (note)`);
    const text = await store.statements([
      snapshot(1, 'old 2', 20),
      snapshot(3, 'new', 20),
      snapshot(4, 'too old', 5),
    ]);
    for (const statement of text.split(';\n').filter((line) => line !== ''))
      await fixture.reader.query(statement);
    expect(await notes()).toEqual(['2 old 2', '3 new', '4 old 4']);
  });

  const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();
  const snapshot = (key: number, text: string, step: number): Delivery =>
    topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(step), row: { id: key, note: text } });
  const deletion = (key: number, step: number): Delivery =>
    topic.row({ operation: 'DELETE', sequence: sequenceAt(step), row: { id: key, note: null } });
  const placeOf = ({
    topic: name,
    partition,
    key,
    rowKey,
  }: Delivery): Omit<UndoneRow, 'kept' | 'sequence'> => ({
    database: 'shop',
    table: 'orders',
    topic: name,
    partition,
    key,
    rowKey,
  });
  const notes = async (): Promise<string[]> =>
    (await fixture.rows(`SELECT id, note FROM ${fixture.table('orders')} ORDER BY id`)).map(
      (row) => `${row['id']} ${row['note']}`,
    );

  /** Rows 1, 2 and 4. */
  async function fill(): Promise<void> {
    const sink = await fixture.worker();
    await sink.write([topic.schema(sequenceAt(1))], never);
    await sink.write(
      [1, 2, 4].map((key) => snapshot(key, 'old', 10)),
      never,
    );
  }

  async function opened(): Promise<StoreRepair> {
    return (repair = await fixture.repair());
  }
});

/** Runs SQL by the mysql client, in a session that reads literals in another way and is in another time zone. */
async function throughClient({ host, port, user, password }: MysqlServer, sql: string): Promise<void> {
  const session = "SET sql_mode = 'NO_BACKSLASH_ESCAPES', time_zone = '+05:00'";
  const args = ['--no-defaults', `--host=${host}`, `--port=${port}`, `--user=${user}`];
  const { command, args: all } = debianCommand(await debianTree(MYSQL_TREE), 'usr/bin/mysql', [
    ...args,
    `--init-command=${session}`,
  ]);
  const run = promisify(execFile)(command, all, { env: { ...process.env, MYSQL_PWD: password } });
  run.child.stdin?.end(sql);
  await run;
}
