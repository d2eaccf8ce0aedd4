import { PipelineError } from '@sluice/runtime';
import { expect, test } from 'vitest';
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
    isCatchingUp: false,
    hasPurged: false,
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
): string => chooseHost(hosts, read, place).host.host;
const refusal = (hosts: readonly Probed[], place = PLACE): unknown => {
  try {
    return chosen(hosts, 'any', place);
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
  const { host, passedOver } = chooseHost([away('one'), probed('two', REPLICA)], 'any', PLACE);
  expect(host.host).toBe('two');
  expect(passedOver).toMatchObject([{ address: 'one:3306', why: 'no answer' }]);
});

test.each([
  [
    { missing: 'one:98-100' },
    'SOURCE_DIVERGED: one:3306: no answer; two:3306: it lacks published transactions: one:98-100',
  ],
  [
    { missing: 'one:98-100', isCatchingUp: true },
    'SOURCE_UNUSABLE: one:3306: no answer; two:3306: it lacks published transactions: one:98-100; it is catching up',
  ],
  [
    { hasPurged: true },
    'SOURCE_BINLOG_PURGED: one:3306: no answer; two:3306: it has purged binlogs that were not read',
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

test('the one of an order, whatever its role, when it has all that was published', () => {
  const servers = [probed('one'), probed('two', REPLICA, 'primary')];
  const ordered = (hosts: readonly Probed[]): string =>
    chooseHost(hosts, 'primary', PLACE, { address: 'two:3306' }).host.host;
  expect(ordered(servers)).toBe('two');
  expect(ordered([probed('one'), probed('two', { missing: 'one:99-100', isCatchingUp: true })])).toBe('one');
});
