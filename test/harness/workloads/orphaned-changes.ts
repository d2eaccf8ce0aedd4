import type { Connection, RowDataPacket } from '@sluice/mysql';

/** Tables whose values are not easy to write again, and one that the orphans leave alone. */
export const ORPHAN_TABLES: readonly string[] = [
  `CREATE TABLE item (
     id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(80) CHARACTER SET latin1, price DECIMAL(20,4), weight FLOAT,
     data VARBINARY(64), doc JSON, kind ENUM('a','b''c',''), born DATETIME(3),
     changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
     twice BIGINT GENERATED ALWAYS AS (id * 2) STORED)`,
  'CREATE TABLE pair (a VARCHAR(20) NOT NULL, b INT NOT NULL, n INT, PRIMARY KEY (a, b))',
  'CREATE TABLE folded (k VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, n INT)',
  'CREATE TABLE quiet (id INT NOT NULL PRIMARY KEY)',
  'CREATE TABLE account (id INT NOT NULL PRIMARY KEY, email VARCHAR(40) NOT NULL UNIQUE)',
  `CREATE TABLE login (id INT NOT NULL PRIMARY KEY, account INT NOT NULL,
     FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE)`,
];

const text = String.raw`'it\'s \\ a\r\nline\0, größe'`;

/** What both masters have. */
export const COMMON_CHANGES: readonly string[] = [
  `INSERT INTO item (id, name, price, weight, data, doc, kind, born) VALUES
     (1, 'one', 1.5, 0.1, X'00FF27', '{"n": 1.10, "t": "x\\\\"y"}', 'a', '2026-11-29 01:02:03.004'),
     (2, 'two', NULL, NULL, NULL, NULL, NULL, NULL), (3, ${text}, -7, 3.14, X'', '[]', 'b''c', NULL),
     (4, 'four', 4, 4, NULL, 'null', '', NULL), (5, 'five', 5, 5, NULL, NULL, 'a', NULL),
     (6, 'six', 6, 6, NULL, NULL, 'a', NULL), (7, 'seven', 7, 7, NULL, NULL, 'a', NULL)`,
  "INSERT INTO pair VALUES ('x', 1, 10), ('x', 2, 20), ('y', 1, 30)",
  "INSERT INTO folded VALUES ('abc', 1), ('left', 1)",
  'INSERT INTO quiet VALUES (1)',
  "INSERT INTO account VALUES (1, 'one@example.org')",
  'INSERT INTO login VALUES (1, 1)',
];

/** A transaction each: its statements, and what of each table it does (INSERT, UPDATE, DELETE). */
export interface OrphanedChange {
  readonly statements: readonly string[];
  readonly does: Readonly<Record<string, readonly [number, number, number]>>;
  /** MySQL writes it compressed. */
  readonly isCompressed?: true;
}

export const ORPHANED_CHANGES: readonly OrphanedChange[] = [
  {
    statements: [
      `INSERT INTO item (id, name, price, weight, data, doc, kind) VALUES
         (100, ${text}, 99.9999, 1e-7, X'0A0D00', '{"a": [1, 2.50], "e": null}', 'b''c'), (101, 'gone again', 1, 1, NULL, 'null', '')`,
    ],
    does: { item: [2, 0, 0] },
  },
  { statements: ["UPDATE item SET name = 'ONE', weight = 0.3 WHERE id = 1"], does: { item: [0, 1, 0] } },
  { statements: ['DELETE FROM item WHERE id IN (2, 3)'], does: { item: [0, 0, 2] } },
  { statements: ["UPDATE pair SET b = 5 WHERE a = 'x' AND b = 2"], does: { pair: [0, 1, 0] } },
  {
    statements: [
      'UPDATE item SET price = price + 1 WHERE id IN (1, 4)',
      "INSERT INTO pair VALUES ('z', 9, NULL)",
      'DELETE FROM item WHERE id = 101',
      "UPDATE pair SET n = 31 WHERE a = 'y'",
    ],
    does: { item: [0, 2, 1], pair: [1, 1, 0] },
  },
  {
    statements: [`INSERT INTO pair SELECT 'many', id + 1000, id FROM item WHERE id < 6`],
    does: { pair: [3, 0, 0] },
    isCompressed: true,
  },
  // In conflict with CONFLICTING_CHANGES.
  { statements: ["UPDATE item SET name = 'old master' WHERE id = 5"], does: { item: [0, 1, 0] } },
  { statements: ['DELETE FROM item WHERE id = 6'], does: { item: [0, 0, 1] } },
  {
    statements: [
      "INSERT INTO item (id, name) VALUES (200, 'old')",
      "UPDATE item SET name = 'older' WHERE id = 200",
    ],
    does: { item: [1, 1, 0] },
  },
  { statements: ["INSERT INTO account VALUES (10, 'ten@example.org')"], does: { account: [1, 0, 0] } },
];

/**
 * More of them, a transaction each, whose rows come, change, move and go. Of eight two leave something.
 * @param count a multiple of eight
 */
export function bulkChanges(count: number): readonly OrphanedChange[] {
  const row = (b: number): string => `WHERE a = 'bulk' AND b = ${b}`;
  const insert = (b: number): OrphanedChange => ({
    statements: [`INSERT INTO pair VALUES ('bulk', ${b}, ${b})`],
    does: { pair: [1, 0, 0] },
  });
  const update = (sql: string): OrphanedChange => ({ statements: [sql], does: { pair: [0, 1, 0] } });
  return Array.from({ length: count / 4 }, (_, group) => group * 4).flatMap((b) => [
    insert(b),
    update(`UPDATE pair SET n = -1 ${row(b)}`),
    update(`UPDATE pair SET b = ${b + 2} ${row(b)}`),
    b % 8 === 0
      ? { statements: [`DELETE FROM pair ${row(b + 2)}`], does: { pair: [0, 0, 1] as const } }
      : insert(b + 3),
  ]);
}

/** What the new master does meanwhile, to other rows. */
export const NEW_CHANGES: readonly string[] = [
  "INSERT INTO item (id, name) VALUES (300, 'new')",
  "UPDATE item SET name = 'seven of the new one' WHERE id = 7",
  'INSERT INTO quiet VALUES (2)',
];

/** And to rows of the orphans. */
export const CONFLICTING_CHANGES: readonly string[] = [
  "UPDATE item SET name = 'new master' WHERE id = 5",
  'UPDATE item SET price = 66 WHERE id = 6',
  "INSERT INTO item (id, name) VALUES (200, 'new')",
  "INSERT INTO account VALUES (20, 'ten@example.org')",
];

/** Carries out the orphaned changes. @returns the GTID of each */
export async function makeOrphans(
  connection: Connection,
  flavour: 'mysql' | 'mariadb',
  changes: readonly OrphanedChange[],
): Promise<string[]> {
  const gtids: string[] = [];
  for (const { statements, isCompressed = false } of changes) {
    if (flavour === 'mysql')
      await connection.query(`SET SESSION binlog_transaction_compression = ${isCompressed ? 'ON' : 'OFF'}`);
    await connection.query('START TRANSACTION');
    for (const statement of statements) await connection.query(statement);
    await connection.query('COMMIT');
    gtids.push(await lastGtid(connection, flavour));
  }
  return gtids;
}

/** Nobody else writes on the server. */
async function lastGtid(connection: Connection, flavour: 'mysql' | 'mariadb'): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>(
    flavour === 'mariadb'
      ? 'SELECT @@last_gtid AS gtid'
      : `SELECT CONCAT(@@server_uuid, ':', REGEXP_SUBSTR(@@GLOBAL.gtid_executed, '[0-9]+$')) AS gtid`,
  );
  return String(row?.['gtid']);
}
