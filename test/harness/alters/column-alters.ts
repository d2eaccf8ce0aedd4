import { ID, of, type AlterCase } from './alter-case.ts';

/** What ALTER does to columns that keep their types. */
export const COLUMN_ALTERS: readonly AlterCase[] = [
  of('add_column', ID, '(1), (2)', [
    'ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7, ADD COLUMN b VARCHAR(9) FIRST',
    "INSERT INTO t (id, a, b) VALUES (3, 8, 'x')",
  ]),
  of('drop_column', `${ID}, a INT NOT NULL, b INT`, '(1, 1, 1), (2, 2, 2)', [
    'ALTER TABLE t DROP COLUMN a',
    'INSERT INTO t VALUES (3, 3)',
    'UPDATE t SET b = 9 WHERE id = 1',
  ]),
  of('rename_column', `${ID}, a INT NOT NULL, b INT`, '(1, 1, 1), (2, 2, 2)', [
    'ALTER TABLE t CHANGE a c INT NOT NULL',
    'INSERT INTO t VALUES (3, 3, 3)',
  ]),
  of(
    'case_rename',
    'ID INT NOT NULL PRIMARY KEY, Status VARCHAR(9), Amount INT',
    "(1, 'new', 5), (2, 'old', 6)",
    [
      'ALTER TABLE t RENAME COLUMN Status TO status',
      "INSERT INTO t VALUES (3, 'third', 7)",
      'ALTER TABLE t CHANGE Amount amount BIGINT',
      "INSERT INTO t VALUES (4, 'fourth', 5000000000)",
      'ALTER TABLE t CHANGE ID id INT NOT NULL',
      "INSERT INTO t VALUES (5, 'fifth', 1)",
      "UPDATE t SET status = 'upd' WHERE id = 1",
    ],
  ),
  of('swapped_names', `${ID}, a INT, b VARCHAR(9)`, "(1, 1, 'x'), (2, 2, 'y')", [
    'ALTER TABLE t CHANGE a b INT, CHANGE b a VARCHAR(9)',
    "INSERT INTO t VALUES (3, 3, 'z')",
  ]),
  of('reordered', `${ID}, a INT, b VARCHAR(9)`, "(1, 1, 'x')", [
    'ALTER TABLE t MODIFY b VARCHAR(9) FIRST',
    "INSERT INTO t VALUES ('y', 2, 2)",
  ]),
  of('nullability', `${ID}, a INT NOT NULL, b INT`, '(1, 1, 1)', [
    'ALTER TABLE t MODIFY a INT NULL, MODIFY b INT NOT NULL',
    'INSERT INTO t VALUES (2, NULL, 2)',
  ]),
  of('default_value', `${ID}, a INT NOT NULL DEFAULT 1`, '(1, 1)', [
    'ALTER TABLE t ALTER a SET DEFAULT 5',
    'INSERT INTO t (id) VALUES (2)',
  ]),
  of('generated_column', `${ID}, a INT`, '(1, 1), (2, 2)', [
    'ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (a + 1) STORED',
    'INSERT INTO t (id, a) VALUES (3, 3)',
  ]),
  of(
    'renamed_columns',
    `${ID}, a INT, b INT`,
    '(1, 1, 1), (2, 2, 2)',
    [
      'ALTER TABLE t RENAME COLUMN a TO c',
      'ALTER TABLE t CHANGE b a BIGINT FIRST',
      'INSERT INTO t (id, a, c) VALUES (3, 5000000000, 3)',
    ],
    { long: true },
  ),
  of('column_replaced', `${ID}, a INT, b INT`, '(1, 1, 1), (2, 2, 2)', [
    'ALTER TABLE t DROP COLUMN a, ADD COLUMN a INT AFTER id',
    'ALTER TABLE t DROP COLUMN b',
    'ALTER TABLE t ADD COLUMN b INT',
    'INSERT INTO t VALUES (3, 3, 3)',
  ]),
  of('many_specs', `${ID}, a INT, b VARCHAR(9), c INT`, "(1, 1, 'x', 1)", [
    "ALTER TABLE t ADD COLUMN x INT DEFAULT 3 FIRST, CHANGE a aa BIGINT AFTER b, DROP COLUMN c, ADD INDEX (b), ALTER b SET DEFAULT 'q', COMMENT 'y, DROP z', AUTO_INCREMENT 100",
    'INSERT INTO t (id, aa) VALUES (2, 5000000000)',
  ]),
  of(
    'defaults',
    `${ID}, a INT NOT NULL DEFAULT 1, b VARCHAR(9) DEFAULT 'x'`,
    "(1, 1, 'a')",
    [
      'ALTER TABLE t ALTER COLUMN b DROP DEFAULT, ALTER COLUMN a SET DEFAULT 7',
      'ALTER TABLE t ADD COLUMN at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), ADD COLUMN e VARCHAR(40) DEFAULT (1 + 1)',
      "INSERT INTO t (id, b) VALUES (2, 'b')",
      'UPDATE t SET a = 9 WHERE id = 1',
    ],
    { long: true },
  ),
  of(
    'generated_turned',
    `${ID}, a INT, g INT GENERATED ALWAYS AS (a + 1) STORED`,
    '(1, 1, DEFAULT), (2, 2, DEFAULT)',
    [
      'ALTER TABLE t MODIFY g INT',
      'UPDATE t SET g = 77 WHERE id = 1',
      'ALTER TABLE t ADD COLUMN w INT GENERATED ALWAYS AS (a * 2) VIRTUAL, ADD COLUMN s VARCHAR(9) GENERATED ALWAYS AS (CONCAT(a)) STORED',
      'INSERT INTO t (id, a, g) VALUES (3, 3, 3)',
      'ALTER TABLE t DROP COLUMN w, MODIFY s VARCHAR(20) GENERATED ALWAYS AS (CONCAT(a, a)) STORED',
      'INSERT INTO t (id, a, g) VALUES (4, 4, 4)',
    ],
    { long: true },
  ),
  of(
    'invisible',
    `${ID}, a INT, b INT`,
    '(1, 1, 1)',
    [
      'ALTER TABLE t ALTER COLUMN a SET INVISIBLE',
      'INSERT INTO t VALUES (2, 2)',
      'ALTER TABLE t ADD COLUMN h INT DEFAULT 5 INVISIBLE, ALTER COLUMN a SET VISIBLE',
      'INSERT INTO t VALUES (3, 3, 3)',
    ],
    { flavour: 'mysql', long: true },
  ),
  of(
    'hidden',
    `${ID}, a INT, b INT`,
    '(1, 1, 1)',
    [
      'ALTER TABLE t MODIFY a INT INVISIBLE',
      'INSERT INTO t VALUES (2, 2)',
      'ALTER TABLE t ADD COLUMN h INT DEFAULT 5 INVISIBLE, MODIFY a INT',
      'INSERT INTO t VALUES (3, 3, 3)',
    ],
    { flavour: 'mariadb', long: true },
  ),
  of(
    'compressed',
    `${ID}, v TEXT, w VARCHAR(500)`,
    "(1, REPEAT('a', 300), 'x')",
    [
      'ALTER TABLE t MODIFY v TEXT COMPRESSED, MODIFY w VARCHAR(500) COMPRESSED',
      "INSERT INTO t VALUES (2, REPEAT('b', 900), REPEAT('c', 400))",
      'ALTER TABLE t MODIFY v TEXT',
      "INSERT INTO t VALUES (3, REPEAT('d', 900), NULL)",
    ],
    { flavour: 'mariadb', long: true },
  ),
  of(
    'if_there',
    `${ID}, a INT, b INT`,
    '(1, 1, 1)',
    [
      'ALTER ONLINE TABLE IF EXISTS t WAIT 5 DROP COLUMN IF EXISTS b, ADD COLUMN IF NOT EXISTS c INT DEFAULT 4, DROP COLUMN IF EXISTS none',
      'INSERT INTO t VALUES (2, 2, 2)',
    ],
    { flavour: 'mariadb', long: true },
  ),
];
