import { startStack } from '@sluice/local-stack';
import { announceSeed, SeededRandom } from '@sluice/seeded-random';
import type { Delivery } from '@sluice/sink-kit';
import { sequenceAt, type TestTopic } from '@sluice/sink-kit/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MysqlSink } from '../src/mysql-sink.ts';
import { TargetFixture } from './target-fixture.ts';
import { id, text, topicOf, write } from './target-records.ts';

/** Partitions of a topic have lost records to retention, each another part, when a sink comes to them. */

const stack = await startStack({ servers: ['target-mysql', 'mariadb'] });
afterAll(() => stack.stop());

const HISTORIES = Number(process.env['SLUICE_EXPIRED_HISTORIES'] ?? 1);
const PARTITIONS = 3;
const ROWS = 12;
const TYPES = ['int', 'varchar(9)', 'date'] as const;
type ColumnType = (typeof TYPES)[number];
type Value = number | string;

const valueOf: Readonly<Record<ColumnType, (number: number) => Value>> = {
  int: (number) => number,
  'varchar(9)': (number) => `x${number}`,
  date: (number) => `20${10 + (number % 80)}-01-01`,
};

/** What each partition of a topic holds, in order, and the rows that are there at the end. */
class Logs {
  /** Whether a capture writes it that tells neither the change before nor that all rows come. */
  isOld = false;
  readonly logs: Delivery[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly rows = new Map<number, Value>();
  readonly #table: string;
  #step = 0;
  #type: ColumnType = 'int';
  #previousChange = '';

  constructor(table: string) {
    this.#table = table;
  }

  create(): void {
    this.#schema('create');
  }

  alter(type: ColumnType): void {
    this.#type = type;
    this.#previousChange = this.#schema('breaking');
  }

  write(key: number): void {
    const value = valueOf[this.#type](this.#step % 90);
    const operation = this.rows.has(key) ? 'UPDATE' : 'INSERT';
    this.rows.set(key, value);
    this.#row(operation, key, value);
  }

  remove(key: number): void {
    this.#row('DELETE', key, this.rows.get(key) ?? null);
    this.rows.delete(key);
  }

  /** As after every ALTER, and as an operator asks for it. */
  readAgain(): void {
    const since = this.#schema('create', true);
    const mark = { job: `j@${since}`, reconcile: true, since, partitions: PARTITIONS };
    this.#everywhere((topic) => topic.snapshotMark(since, { ...mark, phase: 'begin' }));
    for (const key of this.rows.keys()) {
      const value = valueOf[this.#type](this.#step % 90);
      this.rows.set(key, value);
      this.#row('SNAPSHOT', key, value);
    }
    const end = sequenceAt((this.#step += 1));
    this.#everywhere((topic) => topic.snapshotMark(end, { ...mark, phase: 'end' }));
  }

  /** Places in front of which nothing is left. */
  expire(before: readonly number[]): void {
    for (const [partition, from] of before.entries()) this.logs[partition]?.splice(0, from);
  }

  get lengths(): readonly number[] {
    return this.logs.map(({ length }) => length);
  }

  #schema(change: 'create' | 'breaking', allRows = false): string {
    const sequence = sequenceAt((this.#step += 1));
    const previous = this.#previousChange === '' ? {} : { previousChange: this.#previousChange };
    const more = this.isOld ? {} : { ...previous, ...(allRows ? { allRows } : {}) };
    const told = { change, partitions: PARTITIONS, ...more };
    this.#everywhere((topic) => topic.schema(sequence, told));
    return sequence;
  }

  #row(operation: 'INSERT' | 'UPDATE' | 'DELETE' | 'SNAPSHOT', key: number, v: Value | null): void {
    const sequence = sequenceAt((this.#step += 1));
    const partition = key % PARTITIONS;
    this.logs[partition]?.push(this.#topic(partition).row({ operation, sequence, row: { id: key, v } }));
  }

  #everywhere(make: (topic: TestTopic) => Delivery): void {
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      this.logs[partition]?.push(make(this.#topic(partition)));
  }

  #topic(partition: number): TestTopic {
    const charset = this.#type === 'varchar(9)' ? 'utf8mb4' : null;
    return topicOf(
      this.#table,
      [id, { name: 'v', type: this.#type, nullable: true, charset }],
      ['id'],
      partition,
    );
  }
}

/** As the kit does it where the table is gone, or a change is lost: by a later record that tells its columns. */
async function lookAhead(sink: MysqlSink, behind: readonly Delivery[], allRows = false): Promise<void> {
  const ahead = behind.find(
    ({ envelope: { payload } }) =>
      'change' in payload && payload.change === 'create' && (!allRows || payload.allRows === true),
  );
  if (ahead !== undefined) await sink.write([ahead], new AbortController().signal, 'replay');
}

/** Applies all that is left, in turn; a partition whose record waits is tried again in the next round. Resolves to how many rows were refused. */
async function apply(
  sink: MysqlSink,
  logs: readonly Delivery[][],
  random = new SeededRandom(1),
): Promise<number> {
  let refused = 0;
  for (let idle = 0; logs.some(({ length }) => length > 0);) {
    let moved = false;
    for (const log of logs) {
      for (let left = random.integer(1, 6); left > 0; left -= 1) {
        const [record] = log;
        if (record === undefined) break;
        const [outcome = ''] = await write(sink, record);
        if (outcome === 'MYSQL_TABLE_UNKNOWN') await lookAhead(sink, log.slice(1));
        if (outcome === 'TARGET_CHANGE_LOST') await lookAhead(sink, log.slice(1), true);
        const isLetter = outcome === 'MYSQL_VALUE_REFUSED';
        if (!isLetter && outcome !== 'applied' && outcome !== 'stale') break;
        if (isLetter) refused += 1;
        log.shift();
        moved = true;
      }
    }
    idle = moved ? 0 : idle + 1;
    const at = await Promise.all(
      logs.map(async ([first]) =>
        first === undefined || idle === 0
          ? ''
          : `${first.envelope.payload.sequence} ${(await write(sink, first)).join('')}`,
      ),
    );
    expect(idle, `all wait, at ${at.join(', ')}`).toBeLessThan(3);
  }
  return refused;
}

describe.each([
  ['MySQL', stack.targetMysql],
  ['MariaDB', stack.mariadb],
])('expired records on %s', (flavour, server) => {
  let fixture: TargetFixture;

  beforeEach(async () => {
    fixture = await TargetFixture.create(server, 'shop');
  });
  afterEach(() => fixture.remove());

  const found = async (table: string): Promise<Map<number, Value>> => {
    const rows = await fixture.rows(
      `SELECT id, CAST(v AS CHAR) AS v FROM ${fixture.table(table)} ORDER BY id`,
    );
    return new Map(rows.map((row) => [Number(row['id']), String(row['v'])]));
  };
  const expected = (logs: Logs): Map<number, Value> =>
    new Map([...logs.rows].sort(([a], [b]) => a - b).map(([key, value]) => [key, String(value)]));

  test.each([
    ['one change, by a new sink', ['varchar(9)'], false],
    ['one change, by a sink that was away', ['varchar(9)'], true],
    ['two changes, by a new sink', ['date', 'varchar(9)'], false],
    ['two changes, by a sink that was away', ['varchar(9)', 'date'], true],
    ['a change and the way back, by a sink that was away', ['varchar(9)', 'int'], true],
  ] as const)('a partition has lost %s', async (_, types, wasAway) => {
    const sink = await fixture.worker();
    const logs = new Logs('orders');
    logs.create();
    for (let key = 1; key <= ROWS; key += 1) logs.write(key);
    if (wasAway) expect(await apply(sink, logs.logs)).toBe(0);
    for (const type of types) {
      logs.alter(type);
      logs.write(1);
    }
    const [expires = 0] = logs.lengths;
    logs.remove(2);
    logs.readAgain();
    logs.expire([expires, 0, 0]);
    expect(await apply(sink, logs.logs)).toBe(0);
    expect(await found('orders')).toEqual(expected(logs));
    logs.alter('int');
    logs.readAgain();
    logs.write(3);
    expect(await apply(sink, logs.logs)).toBe(0);
    expect(await found('orders')).toEqual(expected(logs));
  });

  test('a change that all partitions have lost makes no difference to the next', async () => {
    const sink = await fixture.worker();
    const logs = new Logs('orders');
    logs.create();
    for (let key = 1; key <= ROWS; key += 1) logs.write(key);
    expect(await apply(sink, logs.logs)).toBe(0);
    logs.alter('date');
    logs.expire(logs.lengths);
    // No snapshot follows, as with `snapshot.mode: never`.
    logs.alter('varchar(9)');
    for (let key = 1; key <= ROWS; key += 1) logs.write(key);
    expect(await apply(sink, logs.logs)).toBe(0);
    expect(await found('orders')).toEqual(expected(logs));
    logs.alter('int');
    for (let key = 1; key <= ROWS; key += 1) logs.write(key);
    expect(await apply(sink, logs.logs)).toBe(0);
    expect(await found('orders')).toEqual(expected(logs));
  });

  test.each([
    ['a new sink', false],
    ['a sink that was away', true],
  ])('a partition begins at a later change than others, by %s', async (_, wasAway) => {
    const sink = await fixture.worker();
    const logs = new Logs('orders');
    logs.create();
    for (let key = 1; key <= ROWS; key += 1) logs.write(key);
    if (wasAway) expect(await apply(sink, logs.logs)).toBe(0);
    logs.alter('date');
    logs.write(1);
    const [expires = 0] = logs.lengths;
    logs.alter('varchar(9)');
    for (const key of [1, 2, 3]) logs.write(key);
    logs.remove(4);
    logs.expire([expires, 0, 0]);
    logs.readAgain();
    expect(await apply(sink, logs.logs)).toBe(0);
    expect(await found('orders')).toEqual(expected(logs));
  });

  test.each([
    ['this version', false],
    ['an earlier one', true],
  ])('a partition begins at columns that a capture of %s has told without all rows', async (_, isOld) => {
    const sink = await fixture.worker();
    const logs = new Logs('orders');
    logs.isOld = isOld;
    logs.create();
    for (let key = 1; key <= ROWS; key += 1) logs.write(key);
    logs.alter('date');
    logs.alter('varchar(9)');
    logs.write(1);
    const [expires = 0] = logs.lengths;
    logs.create();
    logs.write(3);
    logs.expire([expires, 0, 0]);
    const [first] = logs.logs[0] ?? [];
    // It makes the table, and goes on before the others come.
    if (first !== undefined) expect(await write(sink, first)).toEqual(['applied']);
    logs.isOld = false;
    logs.readAgain();
    expect(await apply(sink, logs.logs)).toBe(0);
    expect(await found('orders')).toEqual(expected(logs));
  });

  const old = [id, text('kept'), text('gone')];
  const int = { name: 'gone', type: 'int', nullable: true, charset: null };
  test.each([
    ['dropped a column', [id, text('kept')], ['id'], { id: 1, kept: 'a' }],
    ['renamed one', [id, text('kept'), text('came')], ['id'], { id: 1, kept: 'a', came: 'b' }],
    ['changed a type', [id, text('kept'), int], ['id'], { id: 1, kept: 'a', gone: 7 }],
    ['changed the key', [{ ...text('kept'), nullable: false }, id], ['kept'], { kept: 'a', id: 1 }],
  ] as const)(
    'rows of before an ALTER that has %s need nothing of a table that was made behind it',
    async (_, columns, key, row) => {
      const sink = await fixture.worker();
      const [before, after] = [0, 1].map((partition) => [
        topicOf('made', old, ['id'], partition),
        topicOf('made', columns, [...key], partition),
      ]) as unknown as readonly [readonly [TestTopic, TestTopic], readonly [TestTopic, TestTopic]];
      const told = { previousChange: sequenceAt(5), allRows: true, partitions: 2 };
      const [lost, whole] = [before, after];
      const gone = lost[0].row({
        operation: 'INSERT',
        sequence: sequenceAt(2),
        row: { id: 1, kept: 'a', gone: 'b' },
      });
      const change = (topic: TestTopic): Delivery =>
        topic.schema(sequenceAt(5), { change: 'breaking', partitions: 2 });
      const ahead = lost[1].schema(sequenceAt(10), told);
      expect(await write(sink, gone)).toEqual(['MYSQL_TABLE_UNKNOWN']);
      await lookAhead(sink, [ahead]);
      // The other partition still has the record that the table began with.
      for (const record of [whole[0].schema(sequenceAt(1), { partitions: 2 }), change(whole[1])])
        expect(await write(sink, record)).toEqual(['applied']);
      expect(await write(sink, gone)).toEqual(['stale']);
      for (const record of [change(lost[1]), ahead, whole[1].schema(sequenceAt(10), told)])
        expect(await write(sink, record)).toEqual(['applied']);
      expect(
        await write(sink, lost[1].row({ operation: 'SNAPSHOT', sequence: sequenceAt(11), row })),
      ).toEqual(['applied']);
      expect(await fixture.all('made')).toEqual([row]);
    },
  );

  test.each(Array.from({ length: HISTORIES }, (_, at) => at))(
    'history %i of ALTERs ends equal',
    async (at) => {
      const random = new SeededRandom(announceSeed(`expired history ${flavour} ${at}`));
      const sink = await fixture.worker();
      const logs = new Logs('orders');
      const change = (): void => {
        for (let left = random.integer(0, ROWS); left > 0; left -= 1) {
          const key = random.integer(1, ROWS);
          if (logs.rows.has(key) && random.chance(0.3)) logs.remove(key);
          else logs.write(key);
        }
      };
      logs.isOld = random.chance(0.3);
      logs.create();
      change();
      if (random.chance(0.5)) await apply(sink, logs.logs, random);
      for (let alters = random.integer(1, 4); alters > 0; alters -= 1) {
        logs.alter(random.pick(TYPES));
        change();
        if (random.chance(0.6)) logs.readAgain();
        else if (random.chance(0.5)) logs.create();
        change();
      }
      logs.expire(logs.lengths.map((length) => (random.chance(0.6) ? random.integer(0, length) : 0)));
      logs.isOld = false;
      logs.readAgain();
      change();
      await apply(sink, logs.logs, random);
      expect(await found('orders')).toEqual(expected(logs));
      logs.alter(random.pick(TYPES));
      change();
      logs.readAgain();
      expect(await apply(sink, logs.logs, random)).toBe(0);
      expect(await found('orders')).toEqual(expected(logs));
    },
  );
});
