import { startStack } from '@sluice/local-stack';
import { createLogger, parseConfig } from '@sluice/runtime';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mysqlSinkSchema, type MysqlSinkConfig } from '../src/config.ts';
import { openStore } from '../src/compare.ts';
import { examineStore } from '../src/doctor.ts';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { TargetFixture } from './target-fixture.ts';
import { id, text, write } from './target-records.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());
const never = new AbortController().signal;
const log = createLogger('sink-mysql-test', { level: 'silent' });
const BOTH = '{database}_{table}';

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('%s', (_, server) => {
  let fixture: TargetFixture;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
  });
  afterEach(() => fixture.remove());

  const topicOf = (database: string, columns = [id, text('note')]): TestTopic =>
    new TestTopic({ database, table: 'users', columns, keyColumns: ['id'] });
  const change = (
    topic: TestTopic,
    operation: 'INSERT' | 'UPDATE' | 'DELETE' | 'SNAPSHOT',
    key: number,
    step: number,
    more: Record<string, number> = {},
  ): Delivery =>
    topic.row({ operation, sequence: sequenceAt(step), row: { id: key, note: `at ${step}`, ...more } });
  const settings = (tableTemplate: string): Partial<MysqlSinkConfig> => ({
    databases: { shop: fixture.database, crm: fixture.database },
    tableTemplate,
  });
  const worker = (tableTemplate = BOTH): Promise<MysqlSink> => fixture.worker(settings(tableTemplate));
  const names = async (): Promise<string[]> =>
    (
      await fixture.rows(
        'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY 1',
        [fixture.database],
      )
    ).map((row) => String(row['name']));
  const notes = async (table: string): Promise<string[]> =>
    (await fixture.rows(`SELECT id, note FROM ${fixture.table(table)} ORDER BY id`)).map(
      (row) => `${row['id']} ${row['note']}`,
    );
  const message = async (sink: MysqlSink, delivery: Delivery): Promise<string> => {
    const [outcome] = await sink.write([delivery], never);
    return outcome?.kind === 'failed'
      ? `${outcome.error.code}: ${outcome.error.message}`
      : String(outcome?.kind);
  };

  test.each([1, 100])(
    'two source databases go into one, each into tables of its own, by %i records at once',
    async (size) => {
      const sink = await worker();
      const send = async (...changes: Delivery[]): Promise<void> => {
        for (let from = 0; from < changes.length; from += size)
          for (const outcome of await write(sink, ...changes.slice(from, from + size)))
            expect(outcome).toBe('applied');
      };
      const [shop, crm] = [topicOf('shop'), topicOf('crm')];
      for (const topic of [shop, crm])
        expect(await write(sink, topic.schema(sequenceAt(1)))).toEqual(['applied']);
      await send(...[1, 2, 3, 4].map((key) => change(shop, 'INSERT', key, 10 + key)));
      await send(...[1, 2, 3, 4].map((key) => change(crm, 'INSERT', key, 20 + key)));
      await send(change(shop, 'UPDATE', 1, 31), change(shop, 'DELETE', 2, 32));
      await send(change(crm, 'DELETE', 3, 33));
      expect(await write(sink, change(shop, 'INSERT', 2, 12))).toEqual(['stale']);
      expect(await write(sink, change(shop, 'UPDATE', 1, 11))).toEqual(['stale']);
      expect(await names()).toEqual(['crm_users', 'shop_users']);
      expect(await notes('shop_users')).toEqual(['1 at 31', '3 at 13', '4 at 14']);
      expect(await notes('crm_users')).toEqual(['1 at 21', '2 at 22', '4 at 24']);

      const wide = topicOf('shop', [id, text('note'), { ...id, name: 'size', nullable: true }]);
      const altered = wide.schema(sequenceAt(40), { change: 'breaking', partitions: 1 });
      expect(await write(sink, altered)).toEqual(['applied']);
      await send(change(wide, 'INSERT', 5, 41, { size: 7 }));
      const crmTruncate = crm.truncate(sequenceAt(50));
      expect(await write(sink, crmTruncate)).toEqual(['applied']);
      expect((await fixture.all('shop_users')).at(-1)).toMatchObject({ id: 5, size: 7 });
      expect(await notes('crm_users')).toEqual([]);

      await sink.keep(wide.schema(sequenceAt(60)), ['{"id":4}'], sequenceAt(59), never);
      await send(change(wide, 'SNAPSHOT', 1, 59, { size: 1 }));
      const end = { phase: 'end', job: 'j', reconcile: true, since: sequenceAt(59), partitions: 1 } as const;
      expect(await write(sink, wide.snapshotMark(sequenceAt(61), end))).toEqual(['applied']);
      expect(await notes('shop_users')).toEqual(['1 at 59', '4 at 14']);

      await fixture.reader.query(`DROP TABLE ${fixture.table('crm_users')}`);
      await expect(sink.look()).rejects.toThrow(
        `the target has no table \`${fixture.database}\`.\`crm_users\` any more, or the account may not see it; a snapshot makes and fills it: sluice snapshot start --table crm.users --reconcile`,
      );
      await write(sink, crm.schema(sequenceAt(70), { change: 'drop' }));
      await sink.look();
    },
  );

  test('names that meet are refused to the second, and each table says its own', async () => {
    const sink = await fixture.worker({
      databases: { a: fixture.database, a_b: fixture.database },
      tableTemplate: BOTH,
    });
    const of = (database: string, table: string): TestTopic =>
      new TestTopic({ database, table, columns: [id], keyColumns: ['id'] });
    expect(await write(sink, of('a', 'b_c').schema(sequenceAt(1)))).toEqual(['applied']);
    expect(await message(sink, of('a_b', 'c').schema(sequenceAt(2)))).toContain(
      `${fixture.table('a_b_c')} is the copy of test.a.b_c, not of test.a_b.c`,
    );
    const long = of('a', 't'.repeat(63));
    expect(await message(sink, long.schema(sequenceAt(3)))).toContain(
      `TARGET_TABLE_REFUSED: rows of a.${'t'.repeat(63)} would go into a_${'t'.repeat(63)}, a name of 65 characters`,
    );
    expect(
      await message(sink, long.row({ operation: 'INSERT', sequence: sequenceAt(4), row: { id: 1 } })),
    ).toContain('a name of 65 characters');
    expect(await names()).toEqual(['a_b_c']);
  });

  test('behind another template nothing is written, until the table has its new name', async () => {
    const topic = topicOf('shop');
    const before = await worker('{table}');
    await write(before, topic.schema(sequenceAt(1)));
    await write(before, change(topic, 'INSERT', 1, 10), change(topic, 'INSERT', 2, 11));
    // What a person keeps beside it is that person's.
    await fixture.reader.query(`CREATE TABLE ${fixture.table('users_old')} LIKE ${fixture.table('users')}`);
    const comment = async (table: string): Promise<string> =>
      String(
        (
          await fixture.rows(
            "SELECT COLUMN_COMMENT AS text FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = '_sluice_sequence'",
            [fixture.database, table],
          )
        )[0]?.['text'],
      );
    let step = 20;
    let name = 'users';
    for (const [template, next, mark] of [
      [BOTH, 'shop_users', 'sluice `shop_users`: test.shop.users'],
      ['copy_{table}', 'copy_users', 'sluice `copy_users`: test.shop.users'],
      ['{table}', 'users', 'sluice: test.shop.users'],
    ] as const) {
      const sink = await worker(template);
      const rename = `RENAME TABLE ${fixture.table(name)} TO ${fixture.table(next)}`;
      const refusal = `TARGET_TABLE_REFUSED: the rows of shop.users are in ${fixture.table(name)}, and \`sinks.mysql.tableTemplate\` gives them ${fixture.table(next)} now: set it back, or stop every process of the sink that has the former one and run: ${rename}`;
      const late = change(topic, 'UPDATE', 1, step);
      const end = { phase: 'end', job: 'j', reconcile: true, since: sequenceAt(9), partitions: 1 } as const;
      for (const delivery of [
        topic.schema(sequenceAt(1)),
        late,
        topic.truncate(sequenceAt(5)),
        topic.snapshotMark(sequenceAt(9), end),
      ])
        expect(await message(sink, delivery)).toBe(refusal);
      expect(await names()).toEqual([name, 'users_old'].sort());
      await fixture.reader.query(rename);
      expect(await write(sink, late)).toEqual(['applied']);
      expect(await notes(next)).toEqual([`1 at ${step}`, '2 at 11']);
      expect(await comment(next)).toBe(mark);
      step += 1;
      name = next;
    }
    expect(await write(await worker('{table}'), change(topic, 'UPDATE', 2, 40))).toEqual(['applied']);
  });

  test('doctor tells of names of before, and of names that meet', async () => {
    const topic = topicOf('shop');
    await write(await worker('{table}'), topic.schema(sequenceAt(1)));
    const examined = async (tableTemplate: string, tables: readonly string[]): Promise<readonly object[]> => {
      const mysql = { ...fixture.section, ...settings(tableTemplate) };
      const found = await examineStore({
        config: parseConfig(
          JSON.stringify({
            pipeline: 'test',
            source: { host: 'nowhere', user: 'nobody', tables },
            kafka: { brokers: ['nowhere:9092'] },
            sinks: { mysql },
          }),
          {},
        ),
        sink: 'mysql',
        signal: never,
        log,
      });
      return found.filter(({ setting }) => setting === 'sinks.mysql.tableTemplate');
    };
    expect(await examined('{table}', ['shop.*'])).toEqual([]);
    expect(await examined(BOTH, ['shop.*'])).toMatchObject([
      { found: expect.stringContaining(`TO ${fixture.table('shop_users')}`) as string },
    ]);
    expect(await examined(BOTH, ['shop.orders'])).toEqual([]);
    expect(await examined('{table}', ['shop.users', 'crm.users'])).toMatchObject([
      { found: `${fixture.database}.users for both shop.users and crm.users` },
    ]);
  });

  test('compare and repair go to the table of that name', async () => {
    const topic = topicOf('crm');
    const sink = await worker();
    await write(sink, topic.schema(sequenceAt(1)));
    await write(sink, ...[1, 2, 3].map((key) => change(topic, 'SNAPSHOT', key, 10)));
    const section = mysqlSinkSchema.parse({ ...fixture.section, ...settings(BOTH) });
    const store = await openStore(section, 'sinks.mysql');
    const kind = { fromServer: String, serverText: String, literal: String, fromDocument: String };
    const opened = await store.open({
      database: 'crm',
      table: 'users',
      columns: [{ name: 'id', kind: kind as never, generated: false }],
      key: [0],
    });
    expect(opened.copy).toMatchObject({ database: fixture.database, table: 'crm_users' });
    await store.close();

    const repair = await fixture.repair(section);
    try {
      const place = { database: 'crm', table: 'users' };
      const of = (delivery: Delivery) => {
        const { topic: name, partition, key, rowKey } = delivery;
        return { ...place, topic: name, partition, key, rowKey };
      };
      const write1 = change(topic, 'SNAPSHOT', 1, 20);
      const [kept = null] = await repair.kept([of(write1)]);
      expect(kept).toContain('"id":"1"');
      expect(await repair.write([write1])).toEqual([{ kind: 'applied' }]);
      expect(await notes('crm_users')).toEqual(['1 at 20', '2 at 10', '3 at 10']);
      expect(await repair.restore({ ...of(write1), sequence: sequenceAt(20), kept })).toBe(true);
      expect(await notes('crm_users')).toEqual(['1 at 10', '2 at 10', '3 at 10']);
      const statements = await repair.statements([
        change(topic, 'SNAPSHOT', 2, 30),
        change(topic, 'DELETE', 3, 30),
      ]);
      for (const statement of statements.split(';\n').filter((line) => line !== ''))
        await fixture.reader.query(statement);
      expect(await notes('crm_users')).toEqual(['1 at 10', '2 at 30']);
    } finally {
      await repair.close();
    }
  });
});
