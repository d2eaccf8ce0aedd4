import { expect, test } from 'vitest';
import { GtidSet } from '../../src/orphans/gtid-set.ts';
import { unappliedIn } from '../../src/orphans/refuse-unapplied.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const mysql = { flavour: 'mysql', account: "'writer'@'%'" } as const;
const mariadb = { flavour: 'mariadb', account: "'writer'@'%'" } as const;

const places = {
  Master_Log_File: 'a.000002',
  Read_Master_Log_Pos: 400,
  Relay_Master_Log_File: 'a.000002',
  Exec_Master_Log_Pos: 400,
};

test.each([
  ['all executed', mysql, { Retrieved_Gtid_Set: `${UUID}:1-9` }, null],
  ['nothing received', mysql, { Retrieved_Gtid_Set: '' }, null],
  ['two waiting', mysql, { Retrieved_Gtid_Set: `${UUID}:1-11` }, `: ${UUID}:10-11.`],
  [
    'one of a channel',
    mysql,
    { Retrieved_Gtid_Set: `${UUID}:10`, Channel_Name: 'eu' },
    'by its channel "eu"',
  ],
  ['not to be seen', mysql, {}, "GRANT REPLICATION CLIENT ON *.* TO 'writer'@'%'"],
  ['all executed', mariadb, { Gtid_IO_Pos: '0-1-9', ...places }, null],
  ['one waiting', mariadb, { Gtid_IO_Pos: '0-1-10', ...places }, ': 0-1-10.'],
  ['all executed, without GTIDs', mariadb, { Gtid_IO_Pos: '', ...places }, null],
  [
    'some waiting, without GTIDs',
    mariadb,
    { Gtid_IO_Pos: '', ...places, Exec_Master_Log_Pos: 300 },
    'START SLAVE SQL_THREAD',
  ],
  ['not to be seen', mariadb, {}, 'GRANT SLAVE MONITOR'],
] as const)('%s (%o)', (_name, facts, channel, why) => {
  const executed = GtidSet.parse(facts.flavour, facts.flavour === 'mysql' ? `${UUID}:1-9` : '0-1-9');
  const found = unappliedIn(channel, executed, facts);
  if (why === null) expect(found).toBe(null);
  else expect(found).toContain(why);
});
