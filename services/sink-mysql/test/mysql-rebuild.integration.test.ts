import { randomUUID } from 'node:crypto';
import { startStack, type MysqlServer } from '@sluice/local-stack';
import { connect, type RowDataPacket } from '@sluice/mysql';
import { createLogger, parseConfig, Registry } from '@sluice/runtime';
import type { Delivery, Sink } from '@sluice/sink-kit';
import type { RebuildRecord } from '@sluice/sink-kit/rebuild';
import { sequenceAt, TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { mysqlSinkSchema } from '../src/config.ts';
import { mysqlSink } from '../src/mysql-sink.ts';
import { openRebuild } from '../src/rebuild.ts';

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });

async function openTarget({ host, port, user, password }: MysqlServer) {
  const name = `test_${randomUUID().slice(0, 8)}`;
  const login = { host, port, user, password };
  const reader = await connect({ ...login, connectTimeoutMs: 5000 });
  const section = { ...login, databases: { shop: name }, stateDatabase: `${name}_state` };
  const config = parseConfig(JSON.stringify(fileOf(section)), {});
  const rebuild = await openRebuild({ config, name: 'mysql' });
  return { name, login, reader, section, rebuild };
}

function fileOf(mysql: object): object {
  return {
    pipeline: 'test',
    source: { host: 'nowhere', user: 'nobody', tables: ['shop.*'] },
    kafka: { brokers: ['nowhere:9092'] },
    sinks: { mysql },
  };
}

const targets = [
  { flavour: 'MySQL', ...(await openTarget(stack.targetMysql)) },
  { flavour: 'MariaDB', ...(await openTarget(stack.mariadb)) },
];
afterAll(async () => {
  for (const { name, reader, rebuild } of targets) {
    await rebuild.close();
    for (const database of ['', '_state', '_rebuild', '_replaced', '_state_rebuild_mysql'])
      await reader.query(`DROP DATABASE IF EXISTS ${name}${database}`);
    await reader.end();
  }
  await stack.stop();
});

const record: RebuildRecord = {
  version: 1,
  id: 'a1',
  phase: 'filling',
  tables: ['shop.orders', 'shop.items'],
  jobs: ['s1', 's2'],
  startedAt: 1,
  keepMs: 1000,
  removeAfter: null,
  owner: 'me',
  pauses: false,
};

function sinkOf(settings: object): Sink {
  return mysqlSink.create(mysqlSinkSchema.parse(settings), {
    pipeline: 'test',
    name: 'mysql',
    section: 'sinks.mysql',
    named: null,
    sourceTables: ['shop.*'],
    prefix: 'test',
    group: 'test.mysql',
    hasProgress: () => Promise.resolve(true),
    tombstoneLifeMs: 1,
    log: createLogger('test', { level: 'silent' }),
    registry: new Registry(),
  });
}

describe.each(targets)('$flavour', ({ flavour, name, login, reader, section, rebuild }) => {
  /** The state of the sink, and of the one that fills. */
  async function openStates(): Promise<void> {
    for (const stateDatabase of [`${name}_state`, `${name}_state_rebuild_mysql`]) {
      const opened = sinkOf({ ...section, stateDatabase });
      await opened.open(new AbortController().signal);
      await opened.close();
    }
  }

  async function tables(): Promise<readonly string[]> {
    const [rows] = await reader.query<RowDataPacket[]>(
      `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.TABLES
      WHERE TABLE_SCHEMA LIKE '${name}%' AND TABLE_SCHEMA NOT LIKE '%state%' ORDER BY 1`,
    );
    return rows.map((row) => String(row['name']).slice(name.length));
  }

  async function names(): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for (const table of ['orders', 'items']) {
      const [rows] = await reader.query<RowDataPacket[]>(`SELECT note FROM ${name}.${table}`);
      found.push(...rows.map((row) => row['note'] as unknown));
    }
    return found;
  }

  test('tables are swapped all at once, with their indexes, kept, and removed by the sink when their time is over', async () => {
    const columns = '(id INT NOT NULL PRIMARY KEY, note VARCHAR(20)';
    await reader.query(`CREATE DATABASE ${name}`);
    await reader.query(`CREATE TABLE ${name}.orders ${columns}, KEY by_note (note))`);
    await reader.query(`CREATE TABLE ${name}.items ${columns})`);
    expect(await rebuild.refusal(record)).toBe(null);
    expect(await rebuild.load()).toBe(null);
    expect(await rebuild.save(record, null)).toBe(true);
    expect(await rebuild.save({ ...record, owner: 'other' }, null)).toBe(false);
    expect(await rebuild.save(record, record)).toBe(true);
    expect(await rebuild.load()).toEqual(record);
    expect(rebuild.settings(record)).toEqual({
      databases: { shop: `${name}_rebuild` },
      stateDatabase: `${name}_state_rebuild_mysql`,
    });
    await reader.query(`CREATE DATABASE ${name}_rebuild`);
    for (const table of ['orders', 'items']) {
      await reader.query(`INSERT INTO ${name}.${table} VALUES (1, 'old')`);
      await reader.query(`CREATE TABLE ${name}_rebuild.${table} ${columns})`);
      await reader.query(`INSERT INTO ${name}_rebuild.${table} VALUES (1, 'new')`);
    }
    expect(await rebuild.refusal(record)).toContain('is there already');
    await openStates();
    expect([await rebuild.complete(record), await rebuild.complete(record)]).toEqual([[], []]);
    expect(await rebuild.isSwapped(record)).toBe(false);
    expect(await rebuild.swap(record)).toBe(null);
    expect(await rebuild.swap(record)).toBe(null);
    expect(await rebuild.isSwapped(record)).toBe(true);
    expect(await names()).toEqual(['new', 'new']);
    const [created] = await reader.query<RowDataPacket[]>(`SHOW CREATE TABLE ${name}.orders`);
    expect(JSON.stringify(created)).toContain('KEY `by_note` (`note`)');
    await rebuild.discard(record);
    expect(await tables()).toEqual(['.items', '.orders', '_replaced.items', '_replaced.orders']);

    expect(await rebuild.save({ ...record, phase: 'kept', removeAfter: 5000 }, record)).toBe(true);
    expect(await rebuild.save(null, record)).toBe(false);
    const sink = sinkOf(section);
    expect(await sink.removeKept?.(4999)).toEqual([]);
    expect(await sink.removeKept?.(5000)).toEqual(['shop.orders', 'shop.items']);
    await sink.close();
    expect([await tables(), await rebuild.load()]).toEqual([['.items', '.orders'], null]);
  });

  test('options of the old table go over; what a new table cannot get is said, and nothing is swapped', async () => {
    const tables = { ...record, tables: ['shop.plain'] };
    const [used, filled] = [`${name}.plain`, `${name}_rebuild.plain`];
    await reader.query(`CREATE DATABASE ${name}_rebuild`);
    await reader.query(
      `CREATE TABLE ${used} (id INT NOT NULL PRIMARY KEY, v INT, CONSTRAINT small CHECK (v < 10)) ROW_FORMAT=DYNAMIC COMMENT='of mine; it''s'`,
    );
    await reader.query(`CREATE TABLE ${filled} (id INT NOT NULL PRIMARY KEY, v INT)`);
    expect(await rebuild.complete(tables)).toEqual([
      expect.stringContaining('has a CHECK constraint `small` that the source has not'),
    ]);
    await reader.query(`ALTER TABLE ${used} DROP CONSTRAINT small`);
    if (flavour === 'MariaDB') {
      await reader.query(`ALTER TABLE ${used} ADD SYSTEM VERSIONING`);
      expect(await rebuild.complete(tables)).toEqual([
        expect.stringContaining('keeps a history of its rows (SYSTEM VERSIONING)'),
      ]);
      await reader.query(`ALTER TABLE ${used} DROP SYSTEM VERSIONING`);
    }
    expect([await rebuild.complete(tables), await rebuild.complete(tables)]).toEqual([[], []]);
    const [created] = await reader.query<RowDataPacket[]>(`SHOW CREATE TABLE ${filled}`);
    const text = String(created[0]?.['Create Table']);
    expect(text).toContain('ROW_FORMAT=DYNAMIC');
    expect(text).toContain("COMMENT='of mine; it''s'");
    await rebuild.discard(tables);
    await reader.query(`DROP TABLE ${used}`);
  });

  test('a table that a transaction uses is not swapped, and nothing waits behind it for long', async () => {
    await openStates();
    const user = await connect({ ...login, connectTimeoutMs: 5000 });
    await reader.query(`CREATE DATABASE ${name}_rebuild`);
    for (const table of ['orders', 'items'])
      await reader.query(`CREATE TABLE ${name}_rebuild.${table} LIKE ${name}.${table}`);
    await user.query('START TRANSACTION');
    await user.query(`SELECT * FROM ${name}.items`);
    const swap = rebuild.swap(record);
    // An error is looked at below.
    swap.catch(() => undefined);
    const [rows] = await reader.query<RowDataPacket[]>(`SELECT note FROM ${name}.items`);
    expect(rows).toHaveLength(1);
    await user.query('COMMIT');
    expect(await swap).toBe(null);
    await user.end();
    await rebuild.discard(record);
    await rebuild.removeKept(record);
  });

  test('a table with a trigger, or in a foreign key, is refused', async () => {
    await reader.query(
      `CREATE TRIGGER ${name}.watch BEFORE INSERT ON ${name}.orders FOR EACH ROW SET @seen = 1`,
    );
    expect(await rebuild.refusal(record)).toContain('has triggers (watch)');
    await reader.query(`DROP TRIGGER ${name}.watch`);
    await reader.query(
      `CREATE TABLE ${name}.child (id INT, CONSTRAINT of_item FOREIGN KEY (id) REFERENCES ${name}.items (id))`,
    );
    expect(await rebuild.refusal(record)).toContain('is part of foreign keys (of_item)');
  });

  test('a sink that comes behind a rebuilt table alters it back by no older schema record, and writes no older row', async () => {
    const rebuilt = { ...record, tables: ['shop.grown'] };
    const column = (name: string, type = 'int') => ({ name, type, nullable: name !== 'id', charset: null });
    const [id, c1, c2, gone] = ['id', 'c1', 'c2', 'gone'].map((called) => column(called));
    if (id === undefined || c1 === undefined || c2 === undefined || gone === undefined)
      throw new Error('names');
    const shaped = (partition: number, ...columns: ReturnType<typeof column>[]): TestTopic =>
      new TestTopic({ database: 'shop', table: 'grown', columns, keyColumns: ['id'], partition });
    const narrow = (partition: number) => shaped(partition, id, column('amount', 'tinyint'), gone);
    const wider = (partition: number) => shaped(partition, id, column('amount'), c1, gone);
    const wide = (partition: number) => shaped(partition, id, column('amount', 'bigint'), c1, c2);
    const both = async (sink: Sink, make: (partition: number) => Delivery): Promise<string[]> => {
      const outcomes: string[] = [];
      for (const partition of [0, 1])
        for (const outcome of await sink.write([make(partition)], new AbortController().signal))
          outcomes.push(outcome.kind === 'failed' ? outcome.error.message : outcome.kind);
      return outcomes;
    };
    const altered = { change: 'breaking', partitions: 2 } as const;
    const sink = sinkOf(section);
    await sink.open(new AbortController().signal);
    await both(sink, (partition) => narrow(partition).schema(sequenceAt(1)));

    const filling = sinkOf({ ...section, ...rebuild.settings(rebuilt) });
    await filling.open(new AbortController().signal);
    await both(filling, (partition) => wider(partition).schema(sequenceAt(5)));
    const read = (partition: number): Delivery =>
      wider(partition).row({
        operation: 'SNAPSHOT',
        sequence: sequenceAt(6),
        row: { id: partition, amount: 300, c1: 1, gone: 9 },
      });
    await both(filling, read);
    await both(filling, (partition) => wide(partition).schema(sequenceAt(7), altered));
    const row = { amount: 5_000_000_000, c1: 1, c2: 2 };
    const changed = (partition: number): Delivery =>
      wide(partition).row({
        operation: 'UPDATE',
        sequence: sequenceAt(8),
        row: { id: partition, ...row },
      });
    expect(await both(filling, changed)).toEqual(['applied', 'applied']);
    await filling.close();
    expect(await rebuild.swap(rebuilt)).toBe(null);
    await rebuild.discard(rebuilt);

    sink.resumed?.();
    const now = async (): Promise<RowDataPacket[]> =>
      (await reader.query<RowDataPacket[]>(`SELECT * FROM ${name}.grown ORDER BY id`))[0];
    const whole = [0, 1].map((key) => ({ id: key, ...row }));
    expect(await now()).toEqual(whole);
    const older = (step: number, topic: (partition: number) => TestTopic) =>
      both(sink, (partition) => topic(partition).schema(sequenceAt(step), altered));
    expect(await older(2, (partition) => shaped(partition, id, column('amount', 'tinyint')))).toEqual([
      'applied',
      'applied',
    ]);
    expect(await older(3, wider)).toEqual(['applied', 'applied']);
    await both(sink, (partition) => wider(partition).schema(sequenceAt(5)));
    expect(await both(sink, read)).toEqual(['stale', 'stale']);
    expect(await older(7, wide)).toEqual(['applied', 'applied']);
    expect(await both(sink, changed)).toEqual(['stale', 'stale']);
    expect(await now()).toEqual(whole);
    await sink.close();
    await rebuild.removeKept(rebuilt);
  });

  test('tables that a template names are filled, swapped and kept under those names', async () => {
    const tableTemplate = '{database}_{table}';
    const named = { ...section, tableTemplate };
    const other = await openRebuild({
      config: parseConfig(JSON.stringify(fileOf(named)), {}),
      name: 'mysql',
    });
    const rebuilt = { ...record, tables: ['shop.named'] };
    const columns = [{ name: 'id', type: 'int', nullable: false, charset: null }];
    const topic = new TestTopic({ database: 'shop', table: 'named', columns, keyColumns: ['id'] });
    const [sink, filling] = [named, { ...named, ...other.settings(rebuilt) }].map(sinkOf);
    const fill = async (of: Sink | undefined, ...keys: number[]): Promise<void> => {
      await of?.open(new AbortController().signal);
      await of?.write([topic.schema(sequenceAt(1))], new AbortController().signal);
      for (const key of keys) {
        const row = topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(key + 1), row: { id: key } });
        await of?.write([row], new AbortController().signal);
      }
      await of?.close();
    };
    await fill(sink, 1);
    expect(await other.refusal(rebuilt)).toBe(null);
    // The template of before: its rows are not beside what it would fill.
    expect(await rebuild.refusal(rebuilt)).toContain(
      `the rows of shop.named are in \`${name}\`.\`shop_named\``,
    );
    await fill(filling, 1, 2);
    expect([await other.complete(rebuilt), await other.swap(rebuilt)]).toEqual([[], null]);
    await other.discard(rebuilt);
    expect((await tables()).filter((table) => table.includes('named'))).toEqual([
      '.shop_named',
      '_replaced.shop_named',
    ]);
    const [rows] = await reader.query<RowDataPacket[]>(`SELECT id FROM ${name}.shop_named ORDER BY id`);
    expect(rows.map((row) => row['id'] as number)).toEqual([1, 2]);
    expect(await other.refusal(rebuilt)).toContain('is there already');
    await other.removeKept(rebuilt);
    expect((await tables()).filter((table) => table.includes('named'))).toEqual(['.shop_named']);
    await other.close();
  });

  describe('what the new table has shown', () => {
    const int = (name: string) => ({ name, type: 'int', nullable: name !== 'id', charset: null });
    const both = async (
      sink: Sink,
      table: string,
      step: number,
      names: readonly string[],
      change: 'create' | 'breaking',
    ) => {
      const columns = names.map(int);
      for (const partition of [0, 1]) {
        const topic = new TestTopic({ database: 'shop', table, columns, keyColumns: ['id'], partition });
        const record = topic.schema(sequenceAt(step), { change, partitions: 2 });
        await sink.write([record], new AbortController().signal);
      }
    };
    const columnsOf = async (table: string): Promise<readonly string[]> => {
      const [rows] = await reader.query<RowDataPacket[]>(`SHOW COLUMNS FROM ${name}.${table}`);
      return rows.map((row) => String(row['Field'])).sort();
    };
    /** A sink that has shown the first columns of a table, and one that has filled a new one with those of later. */
    const filled = async (table: string): Promise<Sink> => {
      const sink = sinkOf(section);
      const filling = sinkOf({ ...section, ...rebuild.settings({ ...record, tables: [`shop.${table}`] }) });
      for (const each of [sink, filling]) await each.open(new AbortController().signal);
      await both(sink, table, 1, ['id', 'gone'], 'create');
      await both(filling, table, 20, ['id', 'kept'], 'create');
      await filling.close();
      return sink;
    };

    test('says nothing of the old one while that stays', async () => {
      const rebuilt = { ...record, tables: ['shop.stays'] };
      const sink = await filled('stays');
      const trigger = `CREATE TRIGGER ${name}.late BEFORE INSERT ON ${name}.stays FOR EACH ROW SET @seen = 1`;
      await reader.query(trigger);
      expect(await rebuild.swap(rebuilt)).toContain('has triggers (late)');
      await rebuild.discard(rebuilt);
      await both(sink, 'stays', 10, ['id', 'kept'], 'breaking');
      expect(await columnsOf('stays')).toEqual(['_sluice_sequence', 'id', 'kept']);
      await sink.close();
    });

    test('counts also where the command was killed as soon as the tables were swapped', async () => {
      const rebuilt = { ...record, tables: ['shop.killed'] };
      const sink = await filled('killed');
      await reader.query(`CREATE DATABASE IF NOT EXISTS ${name}_replaced`);
      await reader.query(
        `RENAME TABLE ${name}.killed TO ${name}_replaced.killed, ${name}_rebuild.killed TO ${name}.killed`,
      );
      expect(await rebuild.isSwapped(rebuilt)).toBe(true);
      for (const time of ['first', 'again']) {
        await rebuild.discard(rebuilt);
        await both(sink, 'killed', 10, ['id', time], 'breaking');
        expect(await columnsOf('killed')).toEqual(['_sluice_sequence', 'id', 'kept']);
      }
      await sink.close();
      await rebuild.removeKept(rebuilt);
    });
  });
});
