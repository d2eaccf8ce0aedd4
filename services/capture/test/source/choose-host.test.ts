import { PipelineError } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { chooseHost, type Probed } from '../../src/source/choose-host.ts';
import type { HostFacts, PublishedPlace } from '../../src/source/host-facts.ts';

const SERVER = {
  flavour: 'mysql',
  version: '9.7.0',
  serverId: 1,
  gtid: true,
  ignoresCase: false,
  account: "'sluice'@'%'",
} as const;
const PLACE: PublishedPlace = { flavour: 'mysql', server: 'one', gtidSet: 'one:1-100' };

function probed(identity: string, more: Partial<HostFacts> = {}, role?: 'primary' | 'replica'): Probed {
  const found: HostFacts = {
    server: { ...SERVER, identity },
    role: 'primary',
    unlogged: null,
    missing: '',
    catchesUpFrom: null,
    hasPurged: false,
    purged: '',
    ...more,
  };
  return { host: { host: identity, port: 3306, ...(role === undefined ? {} : { role }) }, found };
}

function away(host: string): Probed {
  return { host: { host, port: 3306 }, found: new PipelineError('MYSQL_UNREACHABLE', 'no answer') };
}

const REPLICA = { role: 'replica' } as const;
const chosen = (
  hosts: readonly Probed[],
  read: 'any' | 'primary' | 'replica' = 'any',
  place = PLACE as PublishedPlace | null,
): string => chooseHost(hosts, read, { place }).host.host;
const refusal = (hosts: readonly Probed[], place = PLACE, readsAnew = false): unknown => {
  try {
    return chooseHost(hosts, 'any', { place, readsAnew }).host.host;
  } catch (error) {
    const { code, message } = error as PipelineError;
    return `${code}: ${message.replace('No server of source.hosts can be read. ', '')}`;
  }
};

test('without anything published the first that may be read', () => {
  const both = [probed('one'), probed('two', REPLICA)];
  expect(chosen(both, 'any', null)).toBe('one');
  expect(chosen(both, 'replica', null)).toBe('two');
  expect(chosen(both.toReversed(), 'primary', null)).toBe('one');
  expect(chosen([probed('one', {}, 'replica'), probed('two', REPLICA, 'replica')], 'any', null)).toBe('two');
});

test('the one that was read before stays, wherever it stands in the list', () => {
  expect(chosen([probed('two', REPLICA), probed('one')])).toBe('one');
  expect(chosen([probed('two', REPLICA), probed('one')], 'replica')).toBe('two');
});

test('another one that has all of it; who is passed over is told', () => {
  const { host, passedOver } = chooseHost([away('one'), probed('two', REPLICA)], 'any', { place: PLACE });
  expect(host.host).toBe('two');
  expect(passedOver).toMatchObject([{ address: 'one:3306', why: 'no answer' }]);
});

test.each([
  [
    { missing: 'one:98-100' },
    'SOURCE_DIVERGED: one:3306: no answer; two:3306: it lacks published transactions: one:98-100',
  ],
  [
    { missing: 'one:98-100', catchesUpFrom: 'db:3306' },
    'SOURCE_UNUSABLE: one:3306: no answer; two:3306: it lacks published transactions: one:98-100; it replicates from db:3306, and catches up if that one has them',
  ],
  [
    { hasPurged: true },
    'SOURCE_BINLOG_PURGED: one:3306: no answer; two:3306: it has purged binlogs that were not read',
  ],
  [
    { hasPurged: true, purged: 'two:1-5' },
    'SOURCE_BINLOG_PURGED: one:3306: no answer; two:3306: it has purged binlogs that were not read: two:1-5',
  ],
  [
    { unlogged: 'log_replica_updates is OFF' },
    'SOURCE_UNUSABLE: one:3306: no answer; two:3306: log_replica_updates is OFF',
  ],
])('one that cannot be gone on with: %j', (found, reason) => {
  expect(refusal([away('one'), probed('two', { ...REPLICA, ...found })])).toBe(reason);
});

test('file and position mean nothing on another server', () => {
  expect(refusal([away('one'), probed('two')], { ...PLACE, gtidSet: null })).toMatch(
    /^SOURCE_DIVERGED: .*published was without GTIDs: file and position mean nothing there$/,
  );
  const plain = probed('two', { server: { ...SERVER, identity: 'two', gtid: false } });
  expect(refusal([away('one'), plain])).toMatch(/^SOURCE_UNUSABLE: .*gtid_mode is not ON$/);
  const other = probed('two', { server: { ...SERVER, identity: 'two', flavour: 'mariadb' } });
  expect(refusal([away('one'), other])).toMatch(/^SOURCE_DIVERGED: .*it is mariadb/);
});

test('when none answers the first one’s code tells, and each is named', () => {
  expect(refusal([away('one'), away('two')])).toBe(
    'MYSQL_UNREACHABLE: one:3306: no answer; two:3306: no answer',
  );
});

test.each([
  ['has purged what was not read', { hasPurged: true }],
  ['was reset', { missing: 'one:1-100' }],
])('the one that was read before and %s gives way to one that has all, and to no other', (_what, found) => {
  const hosts = [probed('one', found), probed('two', REPLICA)];
  const { host, passedOver } = chooseHost(hosts, 'any', { place: PLACE });
  expect(host.host).toBe('two');
  expect(passedOver.map(({ address, why }) => `${address}: ${why}`)).toEqual([
    expect.stringMatching(/^one:3306: it was read before, and /),
  ]);
  expect(chosen([probed('one', found), away('two')])).toBe('one');
  expect(chosen([probed('one', found), probed('two', { missing: 'one:99-100' })])).toBe('one');
  const ordered = { place: PLACE, order: { address: 'one:3306' } };
  expect(chooseHost(hosts, 'any', ordered).host.host).toBe('one');
});

describe('all tables are read again, by order', () => {
  const stale = probed('two', { missing: 'one:90-100' });

  test('from the server that was read before, wherever it stands and whatever it lacks', () => {
    expect(refusal([stale, probed('one')], PLACE, true)).toBe('one');
    const reset = probed('one', { missing: 'one:1-100', hasPurged: true });
    expect(refusal([stale, probed('three'), reset], PLACE, true)).toBe('one');
  });

  test('else from one that lacks nothing, though it has purged its binlogs', () => {
    expect(refusal([stale, away('one'), probed('three', { hasPurged: true })], PLACE, true)).toBe('three');
  });

  test('from one that lacks what was published only when it is the only one of the list', () => {
    expect(refusal([stale, away('one')], PLACE, true)).toMatch(
      /^SOURCE_DIVERGED: two:3306: it lacks published transactions: one:90-100; one:3306: no answer\. To read all tables again .* only one of source\.hosts\.$/,
    );
    expect(refusal([stale, away('one')])).not.toMatch(/only one of/);
  });
});

test('the one of an order, whatever its role, when it has all that was published', () => {
  const servers = [probed('one'), probed('two', REPLICA, 'primary')];
  const ordered = (hosts: readonly Probed[]): string =>
    chooseHost(hosts, 'primary', { place: PLACE, order: { address: 'two:3306' } }).host.host;
  expect(ordered(servers)).toBe('two');
  expect(ordered([probed('one'), probed('two', { missing: 'one:99-100', catchesUpFrom: 'db:3306' })])).toBe(
    'one',
  );
});
