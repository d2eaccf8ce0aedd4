import { tableId, TopicRouting } from '@sluice/envelope';
import { createLogger } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { DeadLetterIndex } from '../src/dead-letters/dead-letter-index.ts';
import { Incomplete } from '../src/incomplete.ts';
import {
  CONFORMANCE_TABLE,
  conformanceColumns,
  sequenceAt,
  TestTopic,
  type SnapshotMark,
} from '../src/testing/index.ts';
import { routing, topic } from './fixtures.ts';

const where = { topic: topic.topic, partition: 0 };
const since = sequenceAt(40);

class Setup {
  readonly index = new DeadLetterIndex();
  readonly stored: unknown[] = [];
  readonly subject: Incomplete;

  constructor(of = routing, sourceTables: readonly string[] = ['*.*'], lines: string[] = []) {
    this.subject = new Incomplete({
      routing: of,
      sourceTables,
      decide: async (decision) => {
        this.stored.push('value' in decision ? decision.value : null);
        this.index.apply(decision);
      },
      stored: () => this.index.incomplete,
      now: () => 0,
      log: createLogger('test', { level: 'warn' }, { write: (line) => void lines.push(line) }),
    });
  }

  async late(place = where): Promise<void> {
    await this.subject.begin([{ ...place, offset: 100n, isLate: true }]);
  }

  async mark(mark: Partial<SnapshotMark>, offset: bigint, of = topic): Promise<void> {
    const whole = { phase: 'begin', job: 's1', reconcile: true, since, partitions: 1, ...mark } as const;
    await this.subject.passed({ ...of.snapshotMark(since, whole), offset });
  }

  get isWhole(): boolean {
    return this.subject.all.length === 0;
  }
}

test('a partition that begins in time lacks nothing, and nothing is stored', async () => {
  const { subject, stored } = new Setup();
  await subject.begin([{ ...where, offset: 0n, isLate: false }]);
  expect([subject.all, stored]).toEqual([[], []]);
});

test('one that begins late is stored before it is read, and told with what heals it', async () => {
  const { subject, stored } = new Setup();
  for (let start = 0; start < 2; start++) await subject.begin([{ ...where, offset: 100n, isLate: true }]);
  const told = {
    topic: where.topic,
    table: 'sluice_conformance.items',
    partitions: [0],
    since: '1970-01-01T00:00:00.000Z',
    wholeAgain: [],
    fix: 'Run: sluice snapshot start --table sluice_conformance.items --reconcile',
  };
  expect([subject.all, stored]).toEqual([[told], [{ at: 0, from: '100', jobs: {}, whole: [] }]]);
});

test('many that begin late are all named, by commands that take a hundred of them', async () => {
  const lines: string[] = [];
  const { subject } = new Setup(routing, ['*.*'], lines);
  const places = Array.from({ length: 101 }, (_, number) => `test.shop.t${number}`);
  await subject.begin(
    places.flatMap((name) =>
      [0, 1].map((partition) => ({ topic: name, partition, offset: 9n, isLate: true })),
    ),
  );
  const commands = lines.map((line) => (JSON.parse(line) as { msg: string }).msg.split('Run: ')[1]);
  const tables = places.slice(0, 100).map((_, number) => `--table shop.t${number}`);
  expect(commands).toEqual([
    `sluice snapshot start ${tables.join(' ')} --reconcile`,
    'sluice snapshot start --table shop.t100 --reconcile',
  ]);
});

test('a snapshot that began behind that place and reconciles makes it whole', async () => {
  const setup = new Setup();
  await setup.late();
  await setup.mark({ phase: 'begin' }, 101n);
  expect(setup.isWhole).toBe(false);
  await setup.mark({ phase: 'end' }, 120n);
  expect([setup.isWhole, setup.stored.at(-1)]).toEqual([true, null]);
});

test.each<[string, Partial<SnapshotMark>, Partial<SnapshotMark>]>([
  ['does not remove what it does not bring', { reconcile: false }, { reconcile: false }],
  ['is another one than has begun', { job: 's1' }, { job: 's2' }],
])('a snapshot that %s does not', async (_what, begin, end) => {
  const setup = new Setup();
  await setup.late();
  await setup.mark({ phase: 'begin', ...begin }, 101n);
  await setup.mark({ phase: 'end', ...end }, 120n);
  expect(setup.isWhole).toBe(false);
});

test('nor one whose begin was deleted, nor one in the middle of which the table was lost', async () => {
  const setup = new Setup();
  await setup.late();
  await setup.mark({ phase: 'end' }, 120n);
  expect(setup.isWhole).toBe(false);
  await setup.mark({ phase: 'begin', job: 's2' }, 130n);
  await setup.subject.remade(where, 140n);
  await setup.mark({ phase: 'end', job: 's2' }, 150n);
  expect(setup.isWhole).toBe(false);
});

const sharedBy = (database: string): TestTopic =>
  new TestTopic({
    database,
    table: CONFORMANCE_TABLE,
    columns: conformanceColumns,
    keyColumns: ['id'],
    strategy: 'database',
  });

test.each([
  ['sluice_conformance', ['sluice_conformance.*'], false],
  ['sluice_conformance', ['sluice_conformance.items', 'sluice_conformance.other'], false],
  ['sluice_conformance', ['sluice_conformance.items', 'elsewhere.other'], true],
  ['a.b', ['`a.b`.items', '`a.b`.other'], false],
  ['a.b', ['`a.b`.items', 'a.other'], true],
])(
  'a topic of all tables of %s is whole when all of %j are, if that tells them all: %s',
  async (database, tables, isWhole) => {
    const setup = new Setup(new TopicRouting({ prefix: 'test', strategy: 'database' }), tables);
    const shared = sharedBy(database);
    await setup.late({ topic: shared.topic, partition: 0 });
    await setup.mark({ phase: 'begin' }, 101n, shared);
    await setup.mark({ phase: 'end' }, 120n, shared);
    expect(setup.isWhole).toBe(isWhole);
    if (!isWhole)
      expect(setup.subject.all).toMatchObject([{ wholeAgain: [tableId(database, CONFORMANCE_TABLE)] }]);
  },
);
