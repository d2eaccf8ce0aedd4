import { isFor, TYPE_FAMILIES, type ServerKind } from '../type-cases/index.ts';

/** Longer values would make the inputs of a fuzz run slow and its files large. */
const LONG_VALUE = /REPEAT\([^)]*, ?\d{3,}\)/;
const NAMED_TYPES = new Set(['uuid', 'inet6', 'inet4']);

/** Statements that together bring about most kinds of events that a server of this kind writes; each is run alone. */
export function recordedStatements(server: ServerKind): string[] {
  const tables = TYPE_FAMILIES.flatMap(({ cases }) => cases)
    .filter(({ only }) => isFor(only, server))
    .flatMap(({ type, values }, index) => typeStatements(index, type, values));
  return [...tables, ...orders(), ...(server.flavour === 'mysql' ? ofMysql() : ofMariadb())];
}

function typeStatements(
  index: number,
  type: string,
  values: readonly (string | readonly [string, string])[],
): string[] {
  const table = `t${index}`;
  const column = NAMED_TYPES.has(type) ? type : 'v';
  const short = values
    .map((value) => (typeof value === 'string' ? value : value[0]))
    .filter((sql) => !LONG_VALUE.test(sql) && sql.length < 500);
  if (short.length === 0) return [];
  const rows = short.slice(0, 8).map((sql, row) => `(${row + 1}, ${sql})`);
  return [
    `CREATE TABLE ${table} (id int NOT NULL PRIMARY KEY, \`${column}\` ${type})`,
    `INSERT IGNORE INTO ${table} VALUES (0, NULL), ${rows.join(', ')}`,
    `UPDATE IGNORE ${table} SET id = id + 100, \`${column}\` = ${short.at(-1)} WHERE id < 3`,
    `DELETE FROM ${table} WHERE id > 1`,
  ];
}

function orders(): string[] {
  return [
    `CREATE TABLE orders (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, status enum('new','paid') NOT NULL, total decimal(12,2),
      note varchar(300), placed datetime(6) NULL)`,
    'START TRANSACTION',
    ...Array.from(
      { length: 6 },
      (_, index) =>
        `INSERT INTO orders (status, total, note, placed) VALUES ('new', ${index}.5, REPEAT('x', ${index * 20}), '2026-11-21 09:05:34.2')`,
    ),
    `SAVEPOINT s1`,
    `UPDATE orders SET status = 'paid', note = NULL WHERE id < 4`,
    `ROLLBACK TO s1`,
    `UPDATE orders SET total = total * 2`,
    'COMMIT',
    'ALTER TABLE orders ADD COLUMN extra int DEFAULT 7 AFTER id',
    `INSERT INTO orders (status, extra) VALUES ('new', 8), ('paid', NULL)`,
    `XA START 'recorded'`,
    `DELETE FROM orders WHERE id = 1`,
    `XA END 'recorded'`,
    `XA PREPARE 'recorded'`,
    `XA COMMIT 'recorded'`,
    `CREATE TABLE wide (id int NOT NULL PRIMARY KEY, ${Array.from({ length: 60 }, (_, index) => `c${index} int`).join(', ')})`,
    'INSERT INTO wide (id, c1, c59) VALUES (1, 2, 3), (4, NULL, 5)',
    'TRUNCATE TABLE wide',
  ];
}

function ofMysql(): string[] {
  return [
    'CREATE TABLE docs (id int NOT NULL PRIMARY KEY, j json, t text)',
    `INSERT INTO docs VALUES (1, JSON_OBJECT('a', 1, 'list', JSON_ARRAY('x', 2.5, NULL), 'pad', REPEAT('p', 300)), 't')`,
    'SET SESSION binlog_row_value_options = PARTIAL_JSON',
    `UPDATE docs SET j = JSON_SET(j, '$.a', 7, '$.list[1]', 'new')`,
    `UPDATE docs SET j = JSON_REMOVE(j, '$.list[0]'), t = NULL`,
    `SET SESSION binlog_row_value_options = ''`,
    'SET SESSION binlog_transaction_compression = ON',
    'START TRANSACTION',
    `INSERT INTO orders (status, note) VALUES ('new', REPEAT('y', 250)), ('paid', REPEAT('z', 250))`,
    `UPDATE orders SET note = 'small' WHERE status = 'paid'`,
    `DELETE FROM docs`,
    'COMMIT',
    `INSERT INTO docs VALUES (2, '{"a": [1, 2, 3]}', REPEAT('long ', 40))`,
    'SET SESSION binlog_transaction_compression = OFF',
    `SET gtid_next = 'AUTOMATIC:recorded'`,
    `INSERT INTO orders (status) VALUES ('new')`,
    `SET gtid_next = 'AUTOMATIC'`,
  ];
}

function ofMariadb(): string[] {
  return [
    'CREATE SEQUENCE counted',
    `INSERT INTO orders (status, note) VALUES ('new', REPEAT('y', 250)), ('paid', REPEAT('z', 250))`,
    `UPDATE orders SET note = REPEAT('w', 250)`,
  ];
}
