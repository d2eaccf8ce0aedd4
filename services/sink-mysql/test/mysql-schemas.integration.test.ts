import type { Row, SchemaColumn } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { TargetFixture } from './target-fixture.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;
const column = (name: string, type: string, nullable = true): SchemaColumn => ({
  name,
  type,
  nullable,
  charset: /char|text|enum|set/.test(type) ? 'utf8mb4' : null,
});
const id = column('id', 'int', false);
const topicOf = (table: string, columns: readonly SchemaColumn[]): TestTopic =>
  new TestTopic({ database: 'shop', table, columns, keyColumns: ['id'] });

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('schemas of tables on %s', (flavour, server) => {
  let fixture: TargetFixture;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
  });
  afterEach(() => fixture.remove());

  const write = async (sink: MysqlSink, ...batch: Delivery[]): Promise<string[]> =>
    (await sink.write(batch, never)).map((outcome) =>
      outcome.kind === 'failed' ? outcome.error.message : outcome.kind,
    );

  test('rows of before an ALTER that another partition has shown get what the source gave them', async () => {
    const [ahead, behind] = [await fixture.worker(), await fixture.worker()];
    const narrow = topicOf('grown', [id, column('note', 'varchar(9)')]);
    await write(ahead, narrow.schema(sequenceAt(1)));
    const old = (operation: 'INSERT' | 'UPDATE', step: number, key: number): Delivery =>
      narrow.row({ operation, sequence: sequenceAt(step), row: { id: key, note: `n${step}` } });
    expect(await write(behind, old('INSERT', 2, 1))).toEqual(['applied']);
    const types = [
      'int unsigned',
      'decimal(8,2)',
      'double',
      'bit(4)',
      'year',
      'date',
      'datetime(3)',
      'timestamp',
      'time(2)',
      'char(3)',
      'varchar(8)',
      'text',
      'binary(2)',
      'varbinary(4)',
      'blob',
      "enum('x','y')",
      "set('x','y')",
      'json',
    ];
    const added = types.map((type, index) => column(`c${index}`, type, false));
    const wide = topicOf('grown', [id, column('note', 'varchar(9)'), ...added]);
    expect(await write(ahead, wide.schema(sequenceAt(5)))).toEqual(['applied']);
    for (const sink of [ahead, behind]) {
      const key = sink === ahead ? 2 : 3;
      const outcomes = await write(sink, old('INSERT', 3, key), old('UPDATE', 4, 1));
      expect(outcomes).toEqual(['applied', sink === ahead ? 'applied' : 'stale']);
    }
    const rows = await fixture.rows(`SELECT * FROM ${fixture.table('grown')} ORDER BY id`);
    expect(rows.map((row) => Number(row['id']))).toEqual([1, 2, 3]);
    // The first row was there when the columns came: the server has filled them in itself.
    const values = rows.map((row) => ({ ...row, id: 0, note: '' }));
    expect(values[1]).toEqual(values[0]);
    expect(values[2]).toEqual(values[0]);
  });

  test('a column that no server can fill in for rows of before the ALTER may be NULL', async () => {
    const [ahead, behind] = [await fixture.worker(), await fixture.worker()];
    const narrow = topicOf('placed', [id]);
    await write(ahead, narrow.schema(sequenceAt(1)));
    const old = (step: number, key: number): Delivery =>
      narrow.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: key } });
    expect(await write(behind, old(2, 1))).toEqual(['applied']);
    const wide = topicOf('placed', [id, column('place', 'point', false)]);
    expect(await write(ahead, wide.schema(sequenceAt(5)))).toEqual(['applied']);
    const place = { srid: 0, wkb: 'AQEAAAAAAAAAAADwPwAAAAAAAABA' };
    const row = wide.row({ operation: 'INSERT', sequence: sequenceAt(6), row: { id: 3, place } });
    expect(await write(ahead, old(3, 2), row)).toEqual(['applied', 'applied']);
    expect(
      await fixture.rows(`SELECT id, ST_AsText(place) AS place FROM ${fixture.table('placed')} ORDER BY id`),
    ).toEqual([
      { id: 1, place: null },
      { id: 2, place: null },
      { id: 3, place: 'POINT(1 2)' },
    ]);
  });

  test("a DECIMAL with more digits behind the point than MySQL's keeps them all, as a key as well", async () => {
    const type = 'decimal(65,38)';
    const columns = [column('k', type, false), column('d', type)];
    const topic = new TestTopic({ database: 'shop', table: 'fine', columns, keyColumns: ['k'] });
    const sink = await fixture.worker();
    const [k, d] = [`-${'9'.repeat(27)}.${'9'.repeat(38)}`, `0.${'0'.repeat(37)}1`];
    await write(sink, topic.schema(sequenceAt(1)));
    const row = (operation: 'INSERT' | 'UPDATE', step: number, value: string): Delivery =>
      topic.row({ operation, sequence: sequenceAt(step), row: { k, d: value } });
    expect(await write(sink, row('INSERT', 2, k), row('UPDATE', 3, d))).toEqual(['applied', 'applied']);
    expect(await write(sink, topic.schema(sequenceAt(4), { change: 'breaking' }))).toEqual(['applied']);
    expect(await fixture.rows(`SELECT k, CONCAT(d) AS d FROM ${fixture.table('fine')}`)).toEqual([{ k, d }]);
  });

  test.each([
    ['ucs2', '日'],
    ['utf16', '日'],
    ['utf32', '日'],
    ['latin1', 'ü'],
    ['cp1251', 'ж'],
    ['gbk', '日'],
    ['utf8mb3', '日'],
  ])('rows with several key columns, one in %s, are found', async (charset, letter) => {
    const text = { ...column('k', 'varchar(9)', false), charset };
    const columns = [text, column('n', 'int', false), column('note', 'varchar(9)')];
    const topic = new TestTopic({
      database: 'shop',
      table: `keys_${charset}`,
      columns,
      keyColumns: ['k', 'n'],
    });
    const sink = await fixture.worker();
    const row = (operation: 'INSERT' | 'UPDATE' | 'DELETE', step: number, n: number): Delivery =>
      topic.row({ operation, sequence: sequenceAt(step), row: { k: `${letter}${n}`, n, note: `n${step}` } });
    await write(sink, topic.schema(sequenceAt(1)));
    await write(sink, ...[1, 2, 3, 4].map((n) => row('INSERT', 3, n)));
    expect(await write(sink, row('UPDATE', 2, 1), row('UPDATE', 2, 2))).toEqual(['stale', 'stale']);
    expect(await write(sink, row('DELETE', 4, 2), row('DELETE', 4, 3))).toEqual(['applied', 'applied']);
    expect(await fixture.rows(`SELECT k, note FROM ${fixture.table(`keys_${charset}`)} ORDER BY n`)).toEqual([
      { k: `${letter}1`, note: 'n3' },
      { k: `${letter}4`, note: 'n3' },
    ]);
  });

  test('members of ENUM and SET are what they are, backslashes and quotes included', async () => {
    const members = [String.raw`a\b`, "it's", String.raw`\'`, String.raw`c:\\`, '日本'];
    const list = members.map((member) => `'${member.replaceAll("'", "''")}'`).join(',');
    const topic = topicOf('choices', [id, column('one', `enum(${list})`), column('some', `set(${list})`)]);
    const sink = await fixture.worker();
    expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
    const rows = members.map((member, index) => ({ id: index, one: member, some: member }));
    const batch = rows.map((row) => topic.row({ operation: 'INSERT', sequence: sequenceAt(2), row }));
    expect(await write(sink, ...batch)).toEqual(rows.map(() => 'applied'));
    expect(await fixture.rows(`SELECT * FROM ${fixture.table('choices')} ORDER BY id`)).toEqual(rows);
  });

  test('a document that is null is in a JSON column that is never NULL', async () => {
    const topic = topicOf('documents', [id, column('document', 'json', false)]);
    const sink = await fixture.worker();
    await write(sink, topic.schema(sequenceAt(1)));
    const row = (key: number, step: number, document: null | { n: number }): Delivery =>
      topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: key, document } });
    expect(await write(sink, row(1, 2, null), row(2, 3, { n: 1 }))).toEqual(['applied', 'applied']);
    expect(
      await fixture.rows(
        `SELECT id, JSON_TYPE(document) AS type FROM ${fixture.table('documents')} ORDER BY id`,
      ),
    ).toEqual([
      { id: 1, type: 'NULL' },
      { id: 2, type: 'OBJECT' },
    ]);
  });

  test('rows that a new key cannot tell apart make room for the table that is read again', async () => {
    const sink = await fixture.worker();
    const old = topicOf('renumbered', [id, column('note', 'varchar(9)')]);
    await write(sink, old.schema(sequenceAt(1)));
    const row = (key: number): Delivery =>
      old.row({ operation: 'INSERT', sequence: sequenceAt(2), row: { id: key, note: 'x' } });
    expect(await write(sink, row(1), row(2))).toEqual(['applied', 'applied']);
    const columns = [id, column('note', 'varchar(9)'), column('n', 'int', false)];
    const renumbered = new TestTopic({ database: 'shop', table: 'renumbered', columns, keyColumns: ['n'] });
    expect(await write(sink, renumbered.schema(sequenceAt(3), { change: 'breaking' }))).toEqual(['applied']);
    const again = [1, 2].map((n) =>
      renumbered.row({ operation: 'SNAPSHOT', sequence: sequenceAt(4), row: { id: n, note: 'x', n } }),
    );
    expect(await write(sink, ...again)).toEqual(['applied', 'applied']);
    expect(await fixture.rows(`SELECT * FROM ${fixture.table('renumbered')} ORDER BY n`)).toEqual([
      { id: 1, note: 'x', n: 1 },
      { id: 2, note: 'x', n: 2 },
    ]);
  });

  test('a column goes whose name has 64 characters of other scripts', async () => {
    const sink = await fixture.worker();
    const long = topicOf('dropped', [id, column('ж'.repeat(64), 'int'), column('k', 'int')]);
    const before = long.row({
      operation: 'INSERT',
      sequence: sequenceAt(1),
      row: { id: 1, ['ж'.repeat(64)]: 1, k: 1 },
    });
    await write(sink, long.schema(sequenceAt(1)));
    expect(await write(sink, before)).toEqual(['applied']);
    const short = topicOf('dropped', [id, column('k', 'int')]);
    expect(await write(sink, short.schema(sequenceAt(2), { change: 'breaking' }))).toEqual(['applied']);
    const row = short.row({ operation: 'UPDATE', sequence: sequenceAt(3), row: { id: 1, k: 2 } });
    expect(await write(sink, row)).toEqual(['applied']);
    expect(await fixture.rows(`SELECT * FROM ${fixture.table('dropped')}`)).toEqual([{ id: 1, k: 2 }]);
  });

  test("a column under the name of Sluice's own is refused, and the fix is named", async () => {
    const sink = await fixture.worker();
    const topic = topicOf('taken', [id, column('_Sluice_Sequence', 'int')]);
    const [outcome] = await write(sink, topic.schema(sequenceAt(1)));
    expect(outcome).toContain('the source has a column _Sluice_Sequence');
    expect(outcome).toContain('`rename` under `tables.<name>.columns`');
  });

  test('an old row that the target would refuse is stale all the same', async () => {
    const first = await fixture.worker();
    const topic = topicOf('narrowed', [id, column('note', 'varchar(3)')]);
    await write(first, topic.schema(sequenceAt(1)));
    const row = (operation: 'INSERT' | 'UPDATE', step: number, note: string): Delivery =>
      topic.row({ operation, sequence: sequenceAt(step), row: { id: 1, note } });
    expect(await write(first, row('UPDATE', 9, 'new'))).toEqual(['applied']);
    const again = await fixture.worker();
    const old = row('INSERT', 5, 'too long');
    expect(await write(again, old)).toEqual(['stale']);
  });

  test('inserts of before a column was dropped are stale where the target has newer rows, and wait where it has none', async () => {
    const first = await fixture.worker();
    const wide = topicOf('shortened', [id, column('kept', 'int'), column('gone', 'int')]);
    const narrow = topicOf('shortened', [id, column('kept', 'int')]);
    const rows = (topic: typeof wide, step: number, row: Row, keys: readonly number[]): Delivery[] =>
      keys.map((key) =>
        topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: key, ...row } }),
      );
    await write(first, wide.schema(sequenceAt(1)));
    await write(first, narrow.schema(sequenceAt(10), { change: 'breaking' }));
    await write(first, ...rows(narrow, 20, { kept: 2 }, [1, 2]));
    const old = (...keys: number[]) => rows(wide, 5, { kept: 1, gone: 1 }, keys);
    expect(await write(await fixture.worker(), ...old(1, 2))).toEqual(['stale', 'stale']);
    const unknown = `${fixture.table('shortened')} has no column gone`;
    expect(await write(await fixture.worker(), ...old(1, 3))).toEqual([unknown, unknown]);
    expect(await fixture.all('shortened')).toEqual([
      { id: 1, kept: 2 },
      { id: 2, kept: 2 },
    ]);
  });

  test.each<[string, string]>([
    [
      '{"n":18446744073709551615,"x":1.0}',
      flavour === 'MySQL' ? '{"n": 18446744073709551615, "x": 1.0}' : '',
    ],
    ['"text"', ''],
    ['[1,null]', flavour === 'MySQL' ? '[1, null]' : ''],
    ['12345678901234567890', ''],
    ['true', ''],
  ])('the JSON %s is stored as it is', async (json, shown) => {
    const docs = topicOf('docs', [id, column('doc', 'json')]);
    const announced = await fixture.worker();
    await write(announced, docs.schema(sequenceAt(1)));
    // One that has not seen the schema record knows the table from the server alone.
    for (const [key, sink] of [announced, await fixture.worker()].entries()) {
      const plain = docs.row({ operation: 'INSERT', sequence: sequenceAt(2), row: { id: key, doc: 'DOC' } });
      const value = Buffer.from(Buffer.from(plain.value).toString().replaceAll('"DOC"', json));
      const envelope = JSON.parse(value.toString()) as Delivery['envelope'];
      expect(await write(sink, { ...plain, envelope, value })).toEqual(['applied']);
    }
    const rows = await fixture.rows(`SELECT CAST(doc AS CHAR) AS doc FROM ${fixture.table('docs')}`);
    expect(rows.map((row: Row) => row['doc'])).toEqual([shown || json, shown || json]);
  });

  test('an ALTER that the server refuses when nobody waits for it any more is not begun strictly again', async () => {
    const sink = await fixture.worker({ transactionTimeoutMs: 1000 });
    const before = topicOf('slow', [id, column('note', 'varchar(9)')]);
    const after = topicOf('slow', [id, column('note', 'int')]);
    await write(sink, before.schema(sequenceAt(1)));
    const row = before.row({ operation: 'INSERT', sequence: sequenceAt(2), row: { id: 1, note: '7 m' } });
    expect(await write(sink, row)).toEqual(['applied']);
    const alter = after.schema(sequenceAt(3), { change: 'breaking' });
    const altering = async (): Promise<boolean> => {
      const sessions = await fixture.rows('SHOW FULL PROCESSLIST');
      return sessions.some(({ Info }) => String(Info).startsWith(`ALTER TABLE ${fixture.table('slow')}`));
    };
    // Behind a writer's transaction each try takes longer than a connection is lent for; its end lets the server decide.
    for (let tries = 0; tries < 2; tries++) {
      await fixture.reader.query('START TRANSACTION');
      await fixture.reader.query(`SELECT * FROM ${fixture.table('slow')} FOR UPDATE`);
      await expect(sink.write([alter], never)).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
      await fixture.reader.query('COMMIT');
      await expect.poll(altering, { timeout: 10_000 }).toBe(false);
    }
    // The server has done it by itself: what comes now finds nothing to alter.
    expect(await fixture.all('slow')).toEqual([{ id: 1, note: 7 }]);
    expect(await write(sink, alter)).toEqual(['applied']);
  });
});
