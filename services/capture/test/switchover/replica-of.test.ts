import { expect, test } from 'vitest';
import { isActive, unfitChannels, unfitReplica } from '../../src/switchover/replica-of.ts';

const OLD = { identity: 'one', serverId: 1, flavour: 'mysql' } as const;
const FIT = {
  Channel_Name: '',
  Source_UUID: 'one',
  Auto_Position: 1,
  Replica_IO_Running: 'Yes',
  Replica_SQL_Running: 'Yes',
  Replicate_Do_DB: '',
  Replicate_Rewrite_DB: '',
};

test.each([
  [{}, null],
  [{ Source_UUID: 'three' }, 'it replicates from another server'],
  [{ Auto_Position: 0 }, 'it replicates by file and position, not by GTID'],
  [{ Replicate_Do_DB: 'shop' }, 'it leaves a part out (Replicate_Do_DB: shop)'],
  [{ Replicate_Wild_Ignore_Table: 'shop.%' }, 'it leaves a part out (Replicate_Wild_Ignore_Table: shop.%)'],
  [{ Replicate_Rewrite_DB: '(a,b)' }, 'it leaves a part out (Replicate_Rewrite_DB: (a,b))'],
  [{ Replica_SQL_Running: 'No', Last_SQL_Error: 'duplicate' }, 'its replication stands still: duplicate'],
])('a channel with %j: %s', (more, why) => {
  expect(unfitReplica([{ ...FIT, ...more }], OLD)).toBe(why);
});

test('one that was stopped is still a replica of that server, one that knows nobody is none', () => {
  const stopped = { ...FIT, Replica_IO_Running: 'No', Replica_SQL_Running: 'No' };
  expect([unfitChannels([stopped], OLD), isActive(stopped), isActive(FIT)]).toEqual([null, false, true]);
  expect(isActive({ ...stopped, Replica_IO_Running: 'Connecting' })).toBe(true);
  expect([unfitChannels([], OLD), unfitReplica([], OLD)]).toEqual([null, 'it does not replicate']);
});
