import { expect, test } from 'vitest';
import { dumpRefusal } from '../../src/source/dump-refusal.ts';

test.each([
  [
    'SOURCE_READ_TWICE',
    "A replica with the same server_uuid/server_id as this replica has connected to the source; the first event '' at 4",
  ],
  [
    'SOURCE_READ_TWICE',
    'A slave with the same server_uuid/server_id as this slave has connected to the master',
  ],
  ['SOURCE_BINLOG_PURGED', 'Could not find first log file name in binary log index file'],
  [
    'SOURCE_BINLOG_PURGED',
    'Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere',
  ],
  [
    'SOURCE_BINLOG_PURGED',
    'The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master has purged binary logs containing GTIDs that the slave requires.',
  ],
  [
    'SOURCE_BINLOG_PURGED',
    'Could not find GTID state requested by slave in any binlog files. Probably the slave state is too old and required binlog files have been purged.',
  ],
  [
    'SOURCE_MISCONFIGURED',
    'Cannot replicate anonymous transaction when @@GLOBAL.GTID_MODE = ON, at file ./binlog.000009, position 198.',
  ],
  ['SOURCE_DIVERGED', 'Client requested source to start replication from position > file size'],
  ['SOURCE_DIVERGED', "Replica has more GTIDs than the source has, using the source's SERVER_UUID."],
  [
    'SOURCE_DIVERGED',
    "Error: connecting slave requested to start from GTID 0-1-5, which is not in the master's binlog",
  ],
  [
    'SOURCE_MISCONFIGURED',
    'The replication sender thread cannot start in AUTO_POSITION mode: this server has GTID_MODE = ON_PERMISSIVE instead of ON.',
  ],
  [
    'SOURCE_MISCONFIGURED',
    'log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source',
  ],
  [
    'SOURCE_CLOSED_STREAM',
    "could not find next log; the first event '.' at 4, the last event read from 'binlog.000042' at 5864",
  ],
  ['BINLOG_UNREADABLE', "bogus data in log event; the first event 'binlog.000001' at 4"],
  ['MYSQL_UNKNOWN', 'something of a server to come'],
])('%s: %s', (code, message) => {
  const refusal = dumpRefusal(Object.assign(new Error(message), { errno: 1236, code: 'ER_SOURCE' }));
  expect(refusal.code).toBe(code);
  expect(refusal.message).toContain(message);
});

test('another error is what it is', () => {
  expect(dumpRefusal(Object.assign(new Error('x'), { errno: 1045 })).code).toBe('MYSQL_AUTH_FAILED');
});
