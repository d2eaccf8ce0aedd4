import { expect, test } from 'vitest';
import { sourcesIn, sourcesOf, type SourceSwitch, type StartedAt } from '../../src/state/source-history.ts';

const NOW = 1_795_252_177_720;
const one = { address: 'db-1:3306', server: 'one', file: 'binlog.000001', position: 4 };
const two = { address: 'db-2:3306', server: 'two', file: 'mysql-bin.000009', position: 900 };
const FIRST: SourceSwitch = {
  generation: 1,
  at: NOW - 5000,
  from: null,
  to: one,
  gtidSet: null,
  by: null,
  why: 'the first server of the pipeline',
};
const checkpoint = { server: 'one', file: 'binlog.000003', position: 77, gtidSet: 'one:1-9' };

function started({
  plan,
  ...more
}: Partial<Omit<StartedAt, 'plan'>> & { readonly plan?: Partial<StartedAt['plan']> } = {}): StartedAt {
  const { address, server, file, position } = two;
  const facts = { identity: server } as StartedAt['source']['facts'];
  const passedOver = [
    { address: 'db-1:3306', why: 'no answer', hasDiverged: false, isPurged: false },
    { address: 'db-3:3306', why: 'it is a replica', hasDiverged: false, isPurged: false },
  ];
  return {
    source: { address, facts, passedOver },
    checkpoint,
    sources: [FIRST],
    order: null,
    now: NOW,
    ...more,
    plan: { generation: 2, isElsewhere: true, isAnew: false, from: { file, position }, ...plan },
  };
}

const SWITCH = { generation: 2, at: NOW, to: two, gtidSet: 'one:1-9', by: null };
const FROM = { address: 'db-1:3306', server: 'one', file: 'binlog.000003', position: 77 };

test('the first start, and the first one with a history', () => {
  const plan = { generation: 1, isElsewhere: false, isAnew: true };
  const why = 'the first server of the pipeline';
  const first = { ...SWITCH, generation: 1, from: null, gtidSet: null, why };
  expect(sourcesOf(started({ plan, checkpoint: null, sources: [] }))).toEqual([first]);
  const later = sourcesOf(started({ plan: { generation: 5, isElsewhere: false }, sources: [] }));
  expect(later).toEqual([{ ...SWITCH, generation: 5, from: null, why: 'read when this history began' }]);
});

test('a start at the same server adds nothing', () => {
  expect(sourcesOf(started({ plan: { isElsewhere: false } }))).toEqual([FIRST]);
});

test('another server, because the one before cannot be read, or by an order', () => {
  const why = 'db-1:3306: no answer';
  expect(sourcesOf(started())).toEqual([FIRST, { ...SWITCH, from: FROM, why }]);
  const order = { address: 'db-2:3306', by: 'ops@desk', reason: 'switchover' };
  const ordered = { ...SWITCH, from: FROM, by: 'ops@desk', why: 'switchover' };
  expect(sourcesOf(started({ order }))).toEqual([FIRST, ordered]);
  const other = sourcesOf(started({ order: { ...order, address: 'db-9:3306' } }));
  expect(other.at(-1)).toMatchObject({ by: null, why });
  const moved = started();
  const same = sourcesOf({ ...moved, source: { ...moved.source, passedOver: [] } });
  expect(same.at(-1)?.why).toBe('another server answers at the address');
});

test('every checkpoint carries it: long reasons are cut, and the newest three keep their GTIDs', () => {
  const long = { ...FIRST, gtidSet: 'one:1-9', why: 'x'.repeat(5000) };
  const kept = sourcesOf(started({ sources: [long, long, long, long], plan: { isElsewhere: false } }));
  expect(kept.map(({ gtidSet }) => gtidSet)).toEqual([null, 'one:1-9', 'one:1-9', 'one:1-9']);
  expect(kept.map(({ why }) => [why.length, why.at(-1)])).toEqual(Array(4).fill([300, '…']));
  const order = { address: 'db-2:3306', by: 'ops', reason: 'y'.repeat(301) };
  const added = sourcesOf(started({ sources: kept, order }));
  expect(added.map(({ gtidSet }) => gtidSet !== null)).toEqual([false, false, true, true, true]);
  expect(added.at(-1)?.why).toHaveLength(300);
});

test('a loss that was accepted', () => {
  const anew = sourcesOf(started({ plan: { isElsewhere: false, isAnew: true } }));
  expect(anew.at(-1)).toMatchObject({ from: FROM, why: 'begun anew by --accept lost-checkpoint' });
});

test('twenty are kept, and no long set of GTIDs', () => {
  const many = Array.from({ length: 30 }, (_, index) => ({ ...FIRST, generation: index + 1 }));
  const gtidSet = 'one:1-9,'.repeat(200);
  const kept = sourcesOf(started({ checkpoint: { ...checkpoint, gtidSet }, sources: many }));
  expect([kept.length, kept.at(-1)?.gtidSet, kept.at(-2)?.generation]).toEqual([20, null, 30]);
});

test('what no version has written is no history', () => {
  const read = (text: string): unknown => sourcesIn(new Map([['sources', Buffer.from(text)]]));
  expect(read(JSON.stringify([FIRST]))).toEqual([FIRST]);
  expect([read('[{}]'), read('['), sourcesIn(new Map()), sourcesIn(undefined)]).toEqual([[], [], [], []]);
});
