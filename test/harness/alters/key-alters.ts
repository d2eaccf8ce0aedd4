import { ID, of, type AlterCase } from './alter-case.ts';

/** What ALTER does to keys. */
export const KEY_ALTERS: readonly AlterCase[] = [
  of('other_key', `${ID}, k VARCHAR(9) NOT NULL, v INT`, "(1, 'a', 1), (2, 'b', 2)", [
    'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (k)',
    "INSERT INTO t VALUES (1, 'c', 3)",
    "UPDATE t SET v = 9 WHERE k = 'a'",
    "DELETE FROM t WHERE k = 'b'",
  ]),
  of('longer_key', `${ID}, k INT NOT NULL, v INT`, '(1, 1, 1), (2, 2, 2)', [
    'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, k)',
    'INSERT INTO t VALUES (1, 2, 3)',
    'UPDATE t SET v = 9 WHERE id = 1 AND k = 1',
  ]),
  of('key_of_others', 'a INT NOT NULL, m INT, c INT NOT NULL, PRIMARY KEY (a, c)', '(1, 5, 1), (2, 6, 2)', [
    'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (m, a)',
    'INSERT INTO t VALUES (1, 7, 1)',
    'UPDATE t SET c = 9 WHERE m = 5',
    'DELETE FROM t WHERE m = 6',
  ]),
  of('key_in_two_steps', `${ID}, k INT NOT NULL`, '(1, 1), (2, 2)', [
    'ALTER TABLE t DROP PRIMARY KEY',
    'ALTER TABLE t ADD PRIMARY KEY (k)',
    'INSERT INTO t VALUES (1, 3)',
    'DELETE FROM t WHERE k = 2',
  ]),
  of(
    'replaced',
    'a INT NOT NULL, k VARCHAR(9) NOT NULL, v INT, PRIMARY KEY (a, k)',
    "(1, 'x', 1), (2, 'y', 2)",
    [
      'CREATE OR REPLACE TABLE t (k VARCHAR(40) NOT NULL PRIMARY KEY, w INT)',
      "INSERT INTO t VALUES ('x', 5), ('z', 6)",
    ],
    { flavour: 'mariadb' },
  ),
  of('key_retyped', `${ID}, v INT`, '(1, 1), (2, 2)', [
    'ALTER TABLE t MODIFY id VARCHAR(20) NOT NULL',
    "INSERT INTO t VALUES ('x', 3)",
    "UPDATE t SET v = 9 WHERE id = '1'",
  ]),
  of('key_renamed', `${ID}, v INT`, '(1, 1), (2, 2)', [
    'ALTER TABLE t CHANGE id number INT NOT NULL',
    'INSERT INTO t VALUES (3, 3)',
    'UPDATE t SET v = 9 WHERE number = 1',
  ]),
  of(
    'counted',
    'id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT',
    '(1, 1)',
    [
      'ALTER TABLE t AUTO_INCREMENT = 50',
      'INSERT INTO t (a) VALUES (2)',
      'ALTER TABLE t MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT',
      'INSERT INTO t VALUES (18446744073709551614, 3)',
    ],
    { long: true },
  ),
  of(
    'counted_anew',
    `${ID}, a INT`,
    '(7, 1), (8, 2)',
    [
      'ALTER TABLE t DROP PRIMARY KEY, ADD COLUMN n INT NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST',
      'INSERT INTO t (id, a) VALUES (9, 3)',
      'DELETE FROM t WHERE id = 7',
    ],
    { long: true },
  ),
  of(
    'shorter_key',
    'a INT NOT NULL, b INT NOT NULL, v INT, PRIMARY KEY (a, b)',
    '(1, 1, 1), (2, 2, 2)',
    [
      'ALTER TABLE t DROP PRIMARY KEY, DROP COLUMN b, ADD PRIMARY KEY (a)',
      'INSERT INTO t VALUES (3, 3)',
      'UPDATE t SET v = 9 WHERE a = 1',
      'DELETE FROM t WHERE a = 2',
    ],
    { long: true },
  ),
  of(
    'key_dropped',
    `${ID}, a INT`,
    '(1, 1), (2, 2)',
    ['ALTER TABLE t DROP PRIMARY KEY', 'INSERT INTO t VALUES (2, 3)'],
    {
      refused: 'TABLE_WITHOUT_KEY',
    },
  ),
  of(
    'key_and_back',
    `${ID}, a INT`,
    '(1, 1), (2, 2)',
    [
      'ALTER TABLE t DROP PRIMARY KEY',
      'INSERT INTO t VALUES (3, 3)',
      'DELETE FROM t WHERE id = 1',
      'ALTER TABLE t ADD PRIMARY KEY (id)',
      'INSERT INTO t VALUES (4, 4)',
    ],
    { long: true },
  ),
  of('charset_of_key', 'k VARCHAR(30) CHARACTER SET latin1 NOT NULL PRIMARY KEY', "('ä')", [
    'ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4',
    "INSERT INTO t VALUES ('😀'), ('表')",
  ]),
  of(
    'collation',
    `k VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, v VARCHAR(9)`,
    "('a', 'x'), ('b', 'y')",
    [
      'ALTER TABLE t MODIFY k VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
      "INSERT INTO t VALUES ('A', 'other')",
    ],
  ),
];
