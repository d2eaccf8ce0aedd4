import { expect, test } from 'vitest';
import { classifyStatement, type NameChanges, type Statement } from '../../src/stream/ddl.ts';

function ddl(names: Partial<NameChanges>): Statement {
  return { kind: 'ddl', created: null, isNew: false, renamedTo: [], ...names };
}

function rows(verb: string, database: string, table: string): Statement {
  return { kind: 'rows', verb, table: { database, table } };
}

test.each<[string, Statement]>([
  ['TRUNCATE orders', { kind: 'truncate', database: 'shop', table: 'orders' }],
  ['truncate table `crm`.`cust``omers`', { kind: 'truncate', database: 'crm', table: 'cust`omers' }],
  ['/* by app */ TRUNCATE TABLE crm . customers;', { kind: 'truncate', database: 'crm', table: 'customers' }],
  ['-- why\nTRUNCATE TABLE orders /* x */', { kind: 'truncate', database: 'shop', table: 'orders' }],
  ['TRUNCATE TABLE orders WAIT 5', { kind: 'truncate', database: 'shop', table: 'orders' }],
  ['/*!50000 TRUNCATE TABLE orders */', { kind: 'truncate', database: 'shop', table: 'orders' }],
  ['/*M! TRUNCATE orders*/', { kind: 'truncate', database: 'shop', table: 'orders' }],
  [
    'SET STATEMENT max_statement_time=5 FOR TRUNCATE TABLE orders',
    { kind: 'truncate', database: 'shop', table: 'orders' },
  ],
  ['DELETE FROM `crm`.`cache`', { kind: 'truncate', database: 'crm', table: 'cache' }],
  ['ALTER TABLE orders ADD x INT', ddl({})],
  ['ALTER TABLE orders RENAME COLUMN a TO b', ddl({})],
  ['DROP TABLE orders', ddl({})],
  [
    'create table truncate_me (id int)',
    ddl({ created: { database: 'shop', table: 'truncate_me' }, isNew: true }),
  ],
  [
    'CREATE OR REPLACE TABLE crm.a LIKE crm.b',
    ddl({ created: { database: 'crm', table: 'a' }, isNew: true }),
  ],
  ['CREATE TABLE IF NOT EXISTS a(id int)', ddl({ created: { database: 'shop', table: 'a' }, isNew: false })],
  ['CREATE TEMPORARY TABLE a(id int)', ddl({})],
  [
    'RENAME TABLE a TO crm.`b,c`, d to e',
    ddl({
      renamedTo: [
        { database: 'crm', table: 'b,c' },
        { database: 'shop', table: 'e' },
      ],
    }),
  ],
  ['ALTER TABLE a RENAME AS b', ddl({ renamedTo: [{ database: 'shop', table: 'b' }] })],
  ['ALTER TABLE a ADD x INT, RENAME TO crm.b', ddl({ renamedTo: [{ database: 'crm', table: 'b' }] })],
  ['ALTER TABLE log DROP PARTITION p1', ddl({ renamedTo: [{ database: 'shop', table: 'log' }] })],
  [
    'ALTER TABLE crm.log EXCHANGE PARTITION p1 WITH TABLE old',
    ddl({ renamedTo: [{ database: 'crm', table: 'log' }] }),
  ],
  ['ALTER TABLE log IMPORT TABLESPACE', ddl({ renamedTo: [{ database: 'shop', table: 'log' }] })],
  ['ALTER TABLE log ADD PARTITION (PARTITION p2 VALUES LESS THAN (9))', ddl({})],
  ['ALTER TABLE log DROP COLUMN a', ddl({})],
  ['INSERT IGNORE INTO orders VALUES (1)', rows('INSERT', 'shop', 'orders')],
  ['replace crm.orders(id) values (1)', rows('REPLACE', 'crm', 'orders')],
  ['UPDATE `orders` SET a = 1', rows('UPDATE', 'shop', 'orders')],
  ['DELETE FROM orders WHERE id = 1', rows('DELETE', 'shop', 'orders')],
  ["LOAD DATA LOCAL INFILE 'x' IGNORE INTO TABLE crm.orders", rows('LOAD', 'crm', 'orders')],
  ['UPDATE a, b SET a.x = b.x', { kind: 'rows', verb: 'UPDATE', table: null }],
  ['DELETE a FROM a JOIN b', { kind: 'rows', verb: 'DELETE', table: null }],
  ['WITH x AS (SELECT 1) DELETE FROM a', { kind: 'rows', verb: 'WITH', table: null }],
  ['ROLLBACK TO `s`', { kind: 'rollback' }],
  ["XA START X'61',X'',1", { kind: 'xa', sql: "XA START X'61',X'',1" }],
  ['SAVEPOINT `a`', { kind: 'other' }],
  ["GRANT SELECT ON *.* TO 'a'@'%'", { kind: 'other' }],
])('%s', (sql, expected) => {
  expect(classifyStatement(sql, 'shop')).toEqual(expected);
});
