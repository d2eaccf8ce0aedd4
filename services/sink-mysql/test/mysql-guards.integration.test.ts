import type { Row, SchemaColumn } from '@sluice/envelope';
import { startStack } from '@sluice/local-stack';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { TargetFixture } from './target-fixture.ts';
import { id, text, topicOf, write } from './target-records.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (_, server) => {
  let fixture: TargetFixture;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
  });
  afterEach(() => fixture.remove());

  test('a table that is gone is named, though no row comes for it, until it is there again', async () => {
    const sink = await fixture.worker();
    await expect(sink.look()).resolves.toBeUndefined();
    const topics = ['Kept', 'gone', 'dropped'].map((table) => topicOf(table, [id]));
    const [kept, gone, dropped] = topics as [TestTopic, TestTopic, TestTopic];
    for (const topic of topics) expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
    await expect(sink.look()).resolves.toBeUndefined();
    // A table that the source has no more may go.
    expect(await write(sink, dropped.schema(sequenceAt(2), { change: 'drop' }))).toEqual(['applied']);
    for (const table of ['gone', 'dropped']) await fixture.reader.query(`DROP TABLE ${fixture.table(table)}`);
    await expect(sink.look()).rejects.toMatchObject({
      code: 'MYSQL_TABLE_UNKNOWN',
      errorClass: 'schema',
      message: `the target has no table ${fixture.table('gone')} any more, or the account may not see it; a snapshot makes and fills it: sluice snapshot start --table shop.gone --reconcile`,
    });
    expect(await write(sink, gone.schema(sequenceAt(3)))).toEqual(['applied']);
    await expect(sink.look()).resolves.toBeUndefined();
    await fixture.reader.query(`DROP DATABASE ${fixture.database}`);
    await expect(sink.look()).rejects.toMatchObject({ context: { tables: 2 } });
    expect(await write(sink, kept.schema(sequenceAt(4)))).toEqual(['applied']);
  });

  test('records of before a table was dropped need no table any more', async () => {
    const topic = topicOf('dropped', [id, text('note')]);
    const first = await fixture.worker();
    const row = (step: number): Delivery =>
      topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: { id: step, note: 'x' } });
    const emptied = topic.truncate(sequenceAt(10));
    expect(await write(first, topic.schema(sequenceAt(1)))).toEqual(['applied']);
    expect(await write(first, row(5))).toEqual(['applied']);
    expect(await write(first, emptied)).toEqual(['applied']);
    expect(await write(first, topic.schema(sequenceAt(11), { change: 'drop' }))).toEqual(['applied']);
    await fixture.reader.query(`DROP TABLE ${fixture.table('dropped')}`);
    for (const sink of [first, await fixture.worker()]) {
      expect(await write(sink, row(5))).toEqual(['stale']);
      expect(await write(sink, emptied)).toEqual(['applied']);
      await expect(sink.look()).resolves.toBeUndefined();
      expect(await write(sink, row(12))).toEqual(['MYSQL_TABLE_UNKNOWN']);
    }
    await fixture.reader.query(`DROP DATABASE ${fixture.database}`);
    expect(await write(first, emptied)).toEqual(['applied']);
  });

  test('a truncate takes every older row of a table that is read in pieces', async () => {
    const big: SchemaColumn = { ...id, type: 'bigint unsigned' };
    const topic = topicOf('pieces', [big, { ...id, name: 'part' }], ['id', 'part']);
    const sink = await fixture.worker();
    expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
    const first = 18_446_744_073_709_551_615n - 12_000n;
    const rows = Array.from({ length: 12_000 }, (_none, at) => {
      const step = at % 4000 === 3999 ? 2 : 9;
      return `(${first + BigInt(at)}, 1, ${sequenceAt(step)})`;
    });
    const into = `INSERT INTO ${fixture.table('pieces')} (id, part, _sluice_sequence) VALUES`;
    await fixture.reader.query(`${into} ${rows.join(',')}`);
    expect(await write(sink, topic.truncate(sequenceAt(5)))).toEqual(['applied']);
    expect(
      await fixture.rows(
        `SELECT COUNT(*) AS left_over, CAST(MIN(_sluice_sequence) AS CHAR) AS oldest FROM ${fixture.table('pieces')}`,
      ),
    ).toEqual([{ left_over: 11_997, oldest: String(BigInt(sequenceAt(9))) }]);
  });

  test('what would go into a database of the server is refused, not tried for ever', async () => {
    const sink = await fixture.worker();
    const user = new TestTopic({ database: 'mysql', table: 'user', columns: [id], keyColumns: ['id'] });
    const row = user.row({ operation: 'INSERT', sequence: sequenceAt(2), row: { id: 1 } });
    for (const delivery of [user.schema(sequenceAt(1)), row]) {
      expect(await sink.write([delivery], never)).toMatchObject([
        { kind: 'failed', error: { code: 'TARGET_TABLE_REFUSED' } },
      ]);
    }
  });

  describe('a table with another unique key', () => {
    const users = topicOf('users', [id, text('email')]);
    const user = (operation: 'INSERT' | 'UPDATE', step: number, row: Row): Delivery =>
      users.row({ operation, sequence: sequenceAt(step), row });
    let sink: MysqlSink;

    beforeEach(async () => {
      sink = await fixture.worker();
      await write(sink, users.schema(sequenceAt(1)));
      await fixture.reader.query(`ALTER TABLE ${fixture.table('users')} ADD UNIQUE KEY (email)`);
      await sink.close();
      sink = await fixture.worker();
      const rows = [user('INSERT', 10, { id: 1, email: 'a' }), user('INSERT', 11, { id: 2, email: 'b' })];
      expect(await write(sink, ...rows)).toEqual(['applied', 'applied']);
    });

    test('two rows that swap their values end right', async () => {
      const swap = [user('UPDATE', 22, { id: 1, email: 'b' }), user('UPDATE', 21, { id: 2, email: 'a' })];
      expect(await write(sink, ...swap)).toEqual(['applied', 'applied']);
      expect(await fixture.all('users')).toEqual([
        { id: 1, email: 'b' },
        { id: 2, email: 'a' },
      ]);
    });

    test('the same swap over two batches ends right', async () => {
      expect(await write(sink, user('UPDATE', 22, { id: 1, email: 'b' }))).toEqual(['applied']);
      expect(await fixture.all('users')).toEqual([{ id: 1, email: 'b' }]);
      expect(await write(sink, user('UPDATE', 21, { id: 2, email: 'a' }))).toEqual(['applied']);
      expect(await fixture.all('users')).toEqual([
        { id: 1, email: 'b' },
        { id: 2, email: 'a' },
      ]);
    });

    test('of two rows with one value the lower sequence loses, whichever comes first', async () => {
      expect(await write(sink, user('UPDATE', 30, { id: 1, email: 'x' }))).toEqual(['applied']);
      expect(await write(sink, user('UPDATE', 29, { id: 2, email: 'x' }))).toEqual(['stale']);
      expect(await write(sink, user('INSERT', 31, { id: 3, email: 'x' }))).toEqual(['applied']);
      expect(await fixture.all('users')).toEqual([{ id: 3, email: 'x' }]);
    });
  });

  test('a unique index that only the target has takes no row away from two that were read together', async () => {
    const users = topicOf('users', [id, text('email')]);
    const sink = await fixture.worker();
    await write(sink, users.schema(sequenceAt(1)));
    await fixture.reader.query(`ALTER TABLE ${fixture.table('users')} ADD UNIQUE KEY (email)`);
    await sink.close();
    const later = await fixture.worker();
    const read = (key: number) =>
      users.row({ operation: 'SNAPSHOT', sequence: sequenceAt(9), row: { id: key, email: 'same' } });
    expect(await write(later, read(1))).toEqual(['applied']);
    const [outcome] = await later.write([read(2)], never);
    expect(outcome).toMatchObject({
      error: {
        code: 'MYSQL_CONSTRAINT',
        message: expect.stringContaining('of (`email`); drop that index') as unknown,
      },
    });
    expect(await fixture.all('users')).toEqual([{ id: 1, email: 'same' }]);
  });

  describe('offsets', () => {
    const orders = topicOf('orders', [id, text('note')]);
    const order = (step: number, row: Row): Delivery =>
      orders.row({ operation: 'INSERT', sequence: sequenceAt(step), row });

    test('a worker that lost its partition changes nothing', async () => {
      const [zombie, owner] = [await fixture.worker(), await fixture.worker()];
      await write(zombie, orders.schema(sequenceAt(1)));
      expect(await zombie.offsets.read(orders.topic, 0)).toBeNull();
      const first = order(10, { id: 1, note: 'first' });
      expect(await write(zombie, first)).toEqual(['applied']);

      expect(await owner.offsets.read(orders.topic, 0)).toBe(first.offset + 1n);
      const second = order(11, { id: 2, note: 'second' });
      expect(await write(owner, second)).toEqual(['applied']);

      const late = order(12, { id: 3, note: 'late' });
      const moved: unknown = expect.objectContaining({ code: 'TARGET_OFFSET_MOVED' });
      await expect(zombie.write([late], never)).rejects.toEqual(moved);
      await expect(zombie.write([late], never)).rejects.toEqual(moved);
      await expect(zombie.offsets.advance(orders.topic, 0, 99n)).rejects.toEqual(moved);
      expect((await fixture.all('orders')).map((row) => row['id'])).toEqual([1, 2]);
      expect(await zombie.offsets.read(orders.topic, 0)).toBe(second.offset + 1n);
      expect(await write(zombie, late)).toEqual(['applied']);
    });

    test('the offset stands or falls with its rows, and never goes back', async () => {
      const sink = await fixture.worker();
      await write(sink, orders.schema(sequenceAt(1)));
      await sink.offsets.read(orders.topic, 0);
      const [early, refused] = [order(10, { id: 1, note: 'x' }), order(11, { id: 2, note: 'x'.repeat(41) })];
      expect(await write(sink, refused)).toEqual(['MYSQL_VALUE_REFUSED']);
      expect(await write(sink, early)).toEqual(['applied']);
      expect(await sink.offsets.read(orders.topic, 0)).toBe(early.offset + 1n);
      await sink.offsets.advance(orders.topic, 0, 50n);
      expect(await write(sink, early)).toEqual(['stale']);
      expect(await sink.offsets.read(orders.topic, 0)).toBe(50n);
    });

    test('a replay of single records passes the guard and leaves the offset', async () => {
      const [sink, replay] = [await fixture.worker(), await fixture.worker()];
      await write(sink, orders.schema(sequenceAt(1)));
      await sink.offsets.read(orders.topic, 0);
      const letter = order(10, { id: 1, note: 'old' });
      await write(sink, order(12, { id: 1, note: 'new' }));
      const stored = await sink.offsets.read(orders.topic, 0);
      expect(await write(replay, letter)).toEqual(['stale']);
      expect(await write(replay, order(11, { id: 9, note: 'missing' }))).toEqual(['applied']);
      expect(await sink.offsets.read(orders.topic, 0)).toBe(stored);
    });
  });

  describe('tombstones', () => {
    test('are forgotten once they are old, of this pipeline alone', async () => {
      const orders = topicOf('orders', [id, text('note')]);
      const sink = await fixture.worker();
      await write(sink, orders.schema(sequenceAt(1)));
      const row = { id: 1, note: 'x' };
      await write(sink, orders.row({ operation: 'DELETE', sequence: sequenceAt(10), row }));
      const tombstones = `${fixture.database}_state.sluice_tombstones`;
      await fixture.reader.query(
        `INSERT INTO ${tombstones} (topic, \`partition\`, key_digest, sequence) VALUES ('tests.a.b', 0, 'k', 1)`,
      );
      const old = orders.row({ operation: 'INSERT', sequence: sequenceAt(9), row });
      expect(await sink.purge(new Date(Date.now() - 60_000), never)).toBe(0);
      expect(await write(sink, old)).toEqual(['stale']);
      expect(await sink.purge(new Date(Date.now() + 60_000), never)).toBe(1);
      expect(await fixture.rows(`SELECT topic FROM ${tombstones}`)).toEqual([{ topic: 'tests.a.b' }]);
    });

    test('of an earlier version get the key by which they are purged', async () => {
      await (await fixture.worker()).close();
      const tombstones = `${fixture.database}_state.sluice_tombstones`;
      await fixture.reader.query(`ALTER TABLE ${tombstones} DROP KEY by_age`);
      await Promise.all([fixture.worker(), fixture.worker()]);
      const keys = await fixture.rows(`SHOW KEYS FROM ${tombstones} WHERE Key_name = 'by_age'`);
      expect(keys).toHaveLength(1);
    });
  });

  describe('tables', () => {
    test('rows of a table that was never announced are of class schema', async () => {
      const topic = topicOf('nowhere', [id]);
      const row = topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: { id: 1 } });
      expect(await write(await fixture.worker(), row)).toEqual(['MYSQL_TABLE_UNKNOWN']);
    });

    test('a row over max_allowed_packet is refused, and the connection lives', async () => {
      const topic = topicOf('large', [id, { ...text('note'), type: 'longtext' }]);
      const sink = await fixture.worker();
      await write(sink, topic.schema(sequenceAt(1)));
      const [limit] = await fixture.rows('SELECT @@global.max_allowed_packet AS bytes');
      const large = { id: 1, note: 'x'.repeat(Number(limit?.['bytes'])) };
      const rows = [large, { id: 2, note: 'small' }];
      const batch = rows.map((row) => topic.row({ operation: 'INSERT', sequence: sequenceAt(2), row }));
      expect(await write(sink, ...batch)).toEqual(['MYSQL_VALUE_REFUSED', 'MYSQL_VALUE_REFUSED']);
      expect(await write(sink, ...batch.slice(1))).toEqual(['applied']);
    });

    test('workers that announce a wider table at once add its columns once', async () => {
      const [one, two] = [await fixture.worker(), await fixture.worker()];
      await write(one, topicOf('wide', [id]).schema(sequenceAt(1)));
      const wider = topicOf('wide', [id, text('note'), text('more')]);
      expect(await Promise.all([one, two].map((each) => write(each, wider.schema(sequenceAt(2)))))).toEqual([
        ['applied'],
        ['applied'],
      ]);
      const row = { id: 1, note: 'n', more: 'm' };
      expect(await write(one, wider.row({ operation: 'INSERT', sequence: sequenceAt(3), row }))).toEqual([
        'applied',
      ]);
      expect(await fixture.all('wide')).toEqual([row]);
    });

    test('a column that another worker added is found by looking again', async () => {
      const [one, two] = [await fixture.worker(), await fixture.worker()];
      const narrow = topicOf('later', [id]);
      await write(one, narrow.schema(sequenceAt(1)));
      await write(one, narrow.row({ operation: 'INSERT', sequence: sequenceAt(2), row: { id: 1 } }));
      const wide = topicOf('later', [id, text('note')]);
      await write(two, wide.schema(sequenceAt(3)));
      const row = { id: 2, note: 'n' };
      expect(await write(one, wide.row({ operation: 'INSERT', sequence: sequenceAt(4), row }))).toEqual([
        'applied',
      ]);
    });

    test('a table of the user keeps its rows and its key, generated columns are left to the server', async () => {
      await fixture.reader.query(`CREATE DATABASE ${fixture.database}`);
      await fixture.reader.query(
        `CREATE TABLE ${fixture.table('own')} (own_id INT AUTO_INCREMENT PRIMARY KEY, id INT NOT NULL UNIQUE,
          note VARCHAR(40), twice INT AS (id * 2) STORED)`,
      );
      await fixture.reader.query(
        `INSERT INTO ${fixture.table('own')} (id, note) VALUES (1, 'old'), (2, 'kept')`,
      );
      const topic = topicOf('own', [id, text('note'), { ...id, name: 'twice' }]);
      const sink = await fixture.worker();
      await write(sink, topic.schema(sequenceAt(1)));
      const rows = [1, 3].map((key) => ({ id: key, note: `new ${key}`, twice: key * 2 }));
      const batch = rows.map((row, step) =>
        topic.row({ operation: 'INSERT', sequence: sequenceAt(10 + step), row }),
      );
      expect(await write(sink, ...batch)).toEqual(['applied', 'applied']);
      expect(await fixture.rows(`SELECT id, note, twice FROM ${fixture.table('own')} ORDER BY id`)).toEqual([
        { id: 1, note: 'new 1', twice: 2 },
        { id: 2, note: 'kept', twice: 4 },
        { id: 3, note: 'new 3', twice: 6 },
      ]);
    });

    test('a row that stays at the end of a snapshot keeps the time at which the source changed it', async () => {
      await fixture.reader.query(`CREATE DATABASE ${fixture.database}`);
      await fixture.reader.query(
        `CREATE TABLE ${fixture.table('dated')} (id INT PRIMARY KEY, \`at \`\`it\` DATETIME(3) NULL ON UPDATE CURRENT_TIMESTAMP(3))`,
      );
      const topic = topicOf('dated', [id, { ...id, name: 'at `it', type: 'datetime(3)' }]);
      const sink = await fixture.worker();
      await write(sink, topic.schema(sequenceAt(1)));
      const row = { id: 1, 'at `it': '2020-01-02T03:04:05.678' };
      await write(sink, topic.row({ operation: 'INSERT', sequence: sequenceAt(10), row }));
      const mark = { phase: 'end', job: 's', reconcile: true, since: sequenceAt(20), partitions: 1 } as const;
      const end = topic.snapshotMark(sequenceAt(30), mark);
      await sink.keep(end, ['{"id":1}'], sequenceAt(20), never);
      expect(await write(sink, end)).toEqual(['applied']);
      const [kept] = await fixture.rows(
        `SELECT CAST(\`at \`\`it\` AS CHAR) AS at FROM ${fixture.table('dated')}`,
      );
      expect(kept).toEqual({ at: '2020-01-02 03:04:05.678' });
    });

    test('a key change in letter case alone does not lose the row, even where the target ignores case', async () => {
      await fixture.reader.query(`CREATE DATABASE ${fixture.database}`);
      await fixture.reader.query(
        `CREATE TABLE ${fixture.table('words')} (word VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY)`,
      );
      const topic = topicOf('words', [{ ...text('word'), nullable: false }], ['word']);
      const sink = await fixture.worker();
      await write(sink, topic.schema(sequenceAt(1)));
      const change = (operation: 'INSERT' | 'DELETE', step: number, word: string): Delivery =>
        topic.row({ operation, sequence: sequenceAt(step), row: { word } });
      await write(sink, change('INSERT', 10, 'a'));
      expect(await write(sink, change('INSERT', 12, 'A'))).toEqual(['applied']);
      expect(await write(sink, change('DELETE', 11, 'a'))).toEqual(['stale']);
      expect(await fixture.all('words')).toEqual([{ word: 'A' }]);
    });

    test('keys that differ only in case or trailing spaces stay two rows in a table of the sink', async () => {
      const topic = topicOf('exact', [{ ...text('word'), nullable: false }], ['word']);
      const sink = await fixture.worker();
      await write(sink, topic.schema(sequenceAt(1)));
      const words = ['a', 'A', 'a ', 'á'];
      const insert = (word: string, step: number): Delivery =>
        topic.row({ operation: 'INSERT', sequence: sequenceAt(10 + step), row: { word } });
      expect(await write(sink, ...words.map(insert))).toEqual(words.map(() => 'applied'));
      expect(new Set((await fixture.all('exact')).map((row) => row['word']))).toEqual(new Set(words));
    });
  });
});
