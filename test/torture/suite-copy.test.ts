import { expect, test } from 'vitest';
import { onOneServer } from './suite-copy.ts';

test('a file about a replica does all of it on one server, by connections of the same names', () => {
  const file = [
    '--source include/master-slave.inc',
    'create table t1 (a int);',
    '--sync_slave_with_master',
    'insert into t1 values (1);',
    'sync_slave_with_master server_2;',
    '--source include/stop_slave_sql.inc',
    'STOP SLAVE;',
    'reset master; # begin anew',
    'SET @@session.sql_log_bin= 0;',
    '--source include/rpl_end.inc',
    'select "stop slave;";',
    '',
  ];
  const lines = onOneServer(file.join('\n')).split('\n');
  expect(lines).toEqual([
    '--source include/master-slave.inc',
    'create table t1 (a int);',
    'connection slave;',
    'insert into t1 values (1);',
    'connection server_2;',
    '',
    '',
    '',
    '',
    '',
    'select "stop slave;";',
    '',
  ]);
});
