import type { Connection } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { hostFacts } from '../../src/source/host-facts.ts';
import { MYSQL_FACTS } from '../support/server-facts.ts';

const MARIADB = { ...MYSQL_FACTS, flavour: 'mariadb', version: '10.11.18-MariaDB' } as const;
const RUNS = {
  mysql: { Replica_IO_Running: 'Yes', Replica_SQL_Running: 'Yes' },
  mariadb: { Slave_IO_Running: 'Yes', Slave_SQL_Running: 'Yes' },
};

const LACKS = { mysql: 'one:1-9', mariadb: '0-1-9' };
const FROM = {
  mysql: { Source_Host: 'db-1', Source_Port: 3306 },
  mariadb: { Master_Host: 'db-1', Master_Port: 3306 },
};

/** A replica that logs what it applies, and has executed nothing. */
function replicaOf(channels: readonly Readonly<Record<string, unknown>>[]): Connection {
  const query = (
    question: string | { sql: string; values?: readonly [readonly string[]] },
  ): Promise<unknown> => {
    const sql = typeof question === 'string' ? question : question.sql;
    const variables = [
      ['log_replica_updates', 'ON'],
      ['log_slave_updates', 'ON'],
      ['read_only', 'ON'],
    ];
    if (/GTID_SUBTRACT/u.test(sql)) return Promise.resolve([[{ missing: LACKS.mysql, purged: '' }]]);
    if (/SHOW BINARY LOGS/u.test(sql)) return Promise.resolve([[]]);
    return Promise.resolve([/VARIABLES/u.test(sql) ? variables : channels]);
  };
  return { query } as unknown as Connection;
}

describe.each([
  ['mysql', MYSQL_FACTS],
  ['mariadb', MARIADB],
] as const)('a replica (%s)', (flavour, facts) => {
  test.each([
    [{}, null],
    [{ Replicate_Ignore_DB: 'shop' }, 'it leaves a part out (Replicate_Ignore_DB: shop)'],
    [{ Replicate_Do_DB: 'mysql' }, 'it leaves a part out (Replicate_Do_DB: mysql)'],
    [
      { Replicate_Wild_Ignore_Table: 'mysql.%,shop.%' },
      'it leaves a part out (Replicate_Wild_Ignore_Table: mysql.%,shop.%)',
    ],
    [{ Replicate_Ignore_Domain_Ids: '2' }, 'it leaves a part out (Replicate_Ignore_Domain_Ids: 2)'],
    // As a managed replica has it.
    [{ Replicate_Ignore_Table: 'mysql.plugin,innodb_memcache.config_options' }, null],
    [{ Replicate_Ignore_DB: 'mysql, sys' }, null],
    [{ Replicate_Ignore_DB: 'mysqlx' }, 'it leaves a part out (Replicate_Ignore_DB: mysqlx)'],
  ])('with %j: %s', async (filter, why) => {
    const channels = [RUNS[flavour], { ...RUNS[flavour], ...filter }];
    const found = await hostFacts(replicaOf(channels), facts, null);
    expect(found).toMatchObject({ role: 'replica', unlogged: why });
  });

  test('that lacks what was published says where it may come from, while it runs', async () => {
    const place = { flavour, server: 'one', gtidSet: LACKS[flavour] };
    const runs = { ...RUNS[flavour], ...FROM[flavour] };
    const found = await hostFacts(replicaOf([runs]), facts, place);
    expect(found).toMatchObject({ missing: LACKS[flavour], catchesUpFrom: 'db-1:3306' });
    const stands = Object.fromEntries(Object.keys(RUNS[flavour]).map((key) => [key, 'No']));
    const stopped = await hostFacts(replicaOf([{ ...runs, ...stands }]), facts, place);
    expect(stopped).toMatchObject({ missing: LACKS[flavour], catchesUpFrom: null });
  });
});
