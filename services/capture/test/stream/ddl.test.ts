import { expect, test } from 'vitest';
import { classifyStatement } from '../../src/stream/ddl.ts';

test.each([
  ['TRUNCATE orders', { kind: 'truncate', database: 'shop', table: 'orders' }],
  ['truncate table `crm`.`cust``omers`', { kind: 'truncate', database: 'crm', table: 'cust`omers' }],
  ['/* by app */ TRUNCATE TABLE crm . customers;', { kind: 'truncate', database: 'crm', table: 'customers' }],
  ['-- why\nTRUNCATE TABLE orders /* x */', { kind: 'truncate', database: 'shop', table: 'orders' }],
  ['ALTER TABLE orders ADD x INT', { kind: 'ddl', verb: 'ALTER' }],
  ['create table truncate_me (id int)', { kind: 'ddl', verb: 'CREATE' }],
  ["XA START X'61',X'',1", { kind: 'xa', sql: "XA START X'61',X'',1" }],
  ['SAVEPOINT `a`', { kind: 'other' }],
  ["GRANT SELECT ON *.* TO 'a'@'%'", { kind: 'other' }],
])('%s', (sql, expected) => {
  expect(classifyStatement(sql, 'shop')).toEqual(expected);
});
