import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/state/checkpoint.ts';
import { NO_SNAPSHOTS } from '../../src/state/kept-snapshots.ts';
import { planStart, type StartFacts, type StartPlan } from '../../src/state/plan-start.ts';
import { StreamPlace } from '../../src/stream/stream-place.ts';

const server = {
  flavour: 'mysql',
  version: '9.7.4',
  identity: 'uuid-1',
  serverId: 11,
  gtid: true,
  ignoresCase: false,
  account: "'sluice'@'%'",
} as const;
const status = { file: 'binlog.000009', position: 900, gtidSet: 'uuid-1:1-90' };

const checkpoint: Checkpoint = {
  version: 1,
  pipeline: 'shop',
  flavour: 'mysql',
  server: 'uuid-1',
  file: 'binlog.000002',
  fileCreatedAt: 1_795_000_000,
  position: 500,
  floor: 499,
  highest: '0030000020000000640',
  gtidSet: 'uuid-1:1-50',
  generation: 3,
  snapshots: { jobs: [], whole: ['shop.orders'], requested: 3 },
  savedAt: 1,
};

const facts: StartFacts = {
  checkpoint: null,
  generationId: null,
  topicGeneration: 0,
  server,
  status,
  gtidCoverage: null,
  fileBytes: 900_000,
  currentFileCreatedAt: null,
  acceptLostCheckpoint: false,
  newGenerationId: 'new',
};
const resumed: StartFacts = {
  ...facts,
  checkpoint,
  generationId: 'old',
  gtidCoverage: { known: true, available: true },
};

const OTHER = { ...server, identity: 'uuid-2' };

/** What a session publishes before it has read anything. */
function firstAt({ generation, resume, gtidSet }: StartPlan): Checkpoint {
  const place = new StreamPlace(generation, resume);
  place.enterFile(resume.file, resume.position);
  const { position, sequence, highest, fileCreatedAt, isNamed } = place;
  return {
    ...checkpoint,
    server: OTHER.identity,
    generation,
    file: position.file,
    position: isNamed ? position.position : 0,
    floor: sequence.floor,
    highest,
    fileCreatedAt,
    gtidSet,
  };
}

describe('planStart', () => {
  test('begins at the end of the binlog with generation 1 when there was nothing before', () => {
    const plan = planStart(facts);
    expect(plan).toMatchObject({
      generation: 1,
      generationId: 'new',
      opensGeneration: true,
      from: status,
      snapshots: NO_SNAPSHOTS,
    });
    expect(plan.resume.publishedThrough).toBeNull();
  });

  test('goes on at the checkpoint: same generation, floor and what was published kept', () => {
    const plan = planStart(resumed);
    expect(plan).toMatchObject({
      generation: 3,
      generationId: 'old',
      opensGeneration: false,
      from: { file: 'binlog.000002', position: 500, gtidSet: null },
      gtidSet: 'uuid-1:1-50',
      resume: {
        floor: 499,
        publishedThrough: { fileNumber: 2, offset: 640 },
        highest: '0030000020000000640',
      },
      snapshots: checkpoint.snapshots,
    });
  });

  test.each([true, false])('goes on by GTID only where the file is gone, with gtid_mode ON: %s', (gtid) => {
    const moved = { ...resumed, server: { ...server, gtid } };
    expect(planStart(moved).from).toEqual({ file: 'binlog.000002', position: 500, gtidSet: null });
    const elsewhere = [
      { ...moved, fileBytes: null },
      { ...moved, server: { ...moved.server, identity: 'uuid-2' } },
    ];
    for (const other of elsewhere) {
      if (gtid) expect(planStart(other).from.gtidSet).toBe('uuid-1:1-50');
      else
        expect(() => planStart(other)).toThrow(
          expect.objectContaining({
            code: 'SOURCE_MISCONFIGURED',
            message: expect.stringContaining('SET GLOBAL gtid_mode = ON') as string,
          }),
        );
    }
  });

  test('between transactions nothing counts as published: the reading may begin in an older file', () => {
    const between = { ...checkpoint, highest: '0030000020000000499' };
    const { resume } = planStart({ ...resumed, checkpoint: between });
    expect(resume).toMatchObject({ floor: 499, publishedThrough: null, highest: '' });
  });

  test('another base name of the binlog files opens a generation', () => {
    const plan = planStart({ ...resumed, status: { ...status, file: 'bin.000009' } });
    expect(plan).toMatchObject({ generation: 4, opensGeneration: true, from: { gtidSet: 'uuid-1:1-50' } });
  });

  test('numbers of the binlog files that begin anew on the same server are a reset, however many transactions it has', () => {
    const reset = { ...resumed, status: { ...status, file: 'binlog.000001' } };
    expect(() => planStart(reset)).toThrow(expect.objectContaining({ code: 'SOURCE_DIVERGED' }));
    expect(planStart({ ...reset, acceptLostCheckpoint: true }).generation).toBe(4);
    const elsewhere = planStart({ ...reset, server: { ...server, identity: 'uuid-2' } });
    expect(elsewhere).toMatchObject({ generation: 4, from: { gtidSet: 'uuid-1:1-50' } });
  });

  test('a file of the same name that was made at another time is of another history, however many transactions it has', () => {
    expect(() => planStart({ ...resumed, currentFileCreatedAt: checkpoint.fileCreatedAt + 1 })).toThrow(
      expect.objectContaining({ code: 'SOURCE_DIVERGED' }),
    );
    expect(planStart({ ...resumed, currentFileCreatedAt: checkpoint.fileCreatedAt }).generation).toBe(3);
    const unknown = { ...checkpoint, fileCreatedAt: 0 };
    expect(planStart({ ...resumed, checkpoint: unknown, currentFileCreatedAt: 1 }).generation).toBe(3);
  });

  test('a file that ends before the checkpoint has lost its tail: other transactions may have the numbers of the lost ones', () => {
    const lost = { ...resumed, fileBytes: 499 };
    expect(() => planStart(lost)).toThrow(expect.objectContaining({ code: 'SOURCE_DIVERGED' }));
    expect(() => planStart(lost)).toThrow('its binlog.000002 ends at 499, and it was read up to 500');
    expect(planStart({ ...resumed, fileBytes: 500 }).generation).toBe(3);
    expect(planStart({ ...resumed, fileBytes: 499, acceptLostCheckpoint: true }).generation).toBe(4);
    const elsewhere = { ...resumed, fileBytes: 499, server: { ...server, identity: 'uuid-2' } };
    expect(planStart(elsewhere).generation).toBe(4);
  });

  test('with GTIDs a file that is gone says nothing: what follows the checkpoint may be in later ones', () => {
    expect(planStart({ ...resumed, fileBytes: null }).generation).toBe(3);
  });

  test('refuses to begin anew beside data topics that hold records', () => {
    expect(() => planStart({ ...facts, topicGeneration: 2 })).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_MISSING' }),
    );
  });

  test('an accepted loss opens the generation after the highest ever seen', () => {
    const plan = planStart({ ...resumed, topicGeneration: 7, acceptLostCheckpoint: true });
    expect(plan).toMatchObject({
      generation: 8,
      opensGeneration: true,
      from: status,
      snapshots: NO_SNAPSHOTS,
    });
  });

  test('a new space has no published rows of its own yet: what its checkpoint says is read from the start', () => {
    const elsewhere = planStart({ ...resumed, server: OTHER });
    const first = firstAt(elsewhere);
    const again = planStart({ ...resumed, checkpoint: first, server: OTHER });
    expect(again).toMatchObject({ generation: 4, opensGeneration: false });
    expect(again.resume.publishedThrough).toBeNull();
  });

  const FLAVOURS = [
    { flavour: 'mysql', gtidSet: 'uuid-1:1-50', gtidCoverage: resumed.gtidCoverage },
    { flavour: 'mariadb', gtidSet: '0-1-50', gtidCoverage: null },
  ] as const;

  test.each(FLAVOURS)(
    '$flavour: a session at another server that ends before its first transaction is gone on with by GTID',
    ({ flavour, gtidSet, gtidCoverage }) => {
      const there = { ...resumed, gtidCoverage, server: { ...OTHER, flavour } };
      const before = { ...checkpoint, flavour, gtidSet };
      const plan = planStart({ ...there, checkpoint: before });
      const next = planStart({ ...there, checkpoint: { ...firstAt(plan), flavour, gtidSet } });
      expect(next).toMatchObject({ generation: 4, opensGeneration: false, from: { gtidSet } });
      const later = planStart({ ...there, checkpoint: { ...firstAt(next), flavour, gtidSet } });
      expect(later).toMatchObject({ generation: 4, from: { gtidSet } });
    },
  );

  test('so is one that a version has left which named the end of the binlog, of which it had read nothing', () => {
    const left = { ...checkpoint, server: 'uuid-2', fileCreatedAt: 0, ...status, gtidSet: 'uuid-1:1-50' };
    const there = { ...resumed, checkpoint: left, server: OTHER };
    expect(planStart(there).from.gtidSet).toBe('uuid-1:1-50');
    const entered = { ...left, position: 4 };
    expect(planStart({ ...there, checkpoint: entered }).from.gtidSet).toBeNull();
  });

  test.each([
    ['the first server', facts],
    ['another server', { ...resumed, server: OTHER }],
  ])('at %s the server tells where it reads by GTID: until the old end only GTIDs count', (_, at) => {
    const { generation, resume } = planStart(at);
    const place = new StreamPlace(generation, resume);
    place.enterFile(resume.file, resume.position);
    place.enterFile('binlog.000007', 4);
    expect([place.isNamed, place.hasPassed(status)]).toEqual([false, false]);
    place.close(800);
    place.enterFile('binlog.000009', 4);
    place.passOver({ file: 'binlog.000009', position: 700 });
    expect(place.isNamed).toBe(false);
    place.close(900);
    expect([place.isNamed, place.hasPassed(status)]).toEqual([true, true]);
  });

  test('at another server nothing has passed the end of its binlog before it was read', () => {
    const { generation, from, resume } = planStart({ ...resumed, server: OTHER });
    expect(from).toMatchObject({ file: status.file, position: status.position });
    const place = new StreamPlace(generation, resume);
    place.enterFile(resume.file, resume.position);
    expect([place.isNamed, place.hasPassed(status)]).toEqual([false, false]);
  });

  test('another server of the same history opens a generation and goes on by GTID', () => {
    const plan = planStart({ ...resumed, server: { ...server, identity: 'uuid-2' } });
    expect(plan).toMatchObject({
      generation: 4,
      opensGeneration: true,
      from: { gtidSet: 'uuid-1:1-50' },
      gtidSet: 'uuid-1:1-50',
    });
  });

  test.each([
    [
      'the source does not know published transactions',
      { gtidCoverage: { known: false, available: true } },
      'SOURCE_DIVERGED',
    ],
    [
      'the source purged what follows',
      { fileBytes: null, gtidCoverage: { known: true, available: false } },
      'SOURCE_BINLOG_PURGED',
    ],
    [
      'the file is gone and there are no GTIDs',
      { checkpoint: { ...checkpoint, gtidSet: null }, gtidCoverage: null, fileBytes: null },
      'SOURCE_BINLOG_PURGED',
    ],
    [
      'another server and no GTIDs',
      { checkpoint: { ...checkpoint, gtidSet: null, server: 'uuid-0' }, gtidCoverage: null },
      'SOURCE_DIVERGED',
    ],
    [
      'all generations are used up',
      { topicGeneration: 921, acceptLostCheckpoint: true },
      'SEQUENCE_EXHAUSTED',
    ],
  ])('stops when %s', (_what, change, code) => {
    expect(() => planStart({ ...resumed, ...change })).toThrow(expect.objectContaining({ code }));
  });
});
