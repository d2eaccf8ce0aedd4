import type { Flavour } from '@sluice/mysql';

/** A table, what is done to it, and rows of before and after. Statements speak of it as `t`, which is its name. */
export interface AlterCase {
  readonly name: string;
  readonly columns: string;
  /** VALUES of the first rows. */
  readonly rows: string;
  readonly statements: readonly string[];
  /** Where the statements are known; absent: on both. */
  readonly flavour?: Flavour;
  /** For statements that only a session that is not strict takes. */
  readonly lenient?: true;
}

const of = (
  name: string,
  columns: string,
  rows: string,
  statements: readonly string[],
  only: Pick<AlterCase, 'flavour' | 'lenient'> = {},
): AlterCase => ({ name, columns, rows, statements, ...only });

const ID = 'id INT NOT NULL PRIMARY KEY';

/** Every class of ALTER, each on a table of its own. */
export const ALTER_CASES: readonly AlterCase[] = [
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
  of(
    'widened',
    `${ID}, a SMALLINT, b VARCHAR(3), c DECIMAL(4,2), d VARBINARY(2)`,
    "(1, 1, 'abc', 1.5, 'x')",
    [
      'ALTER TABLE t MODIFY a BIGINT, MODIFY b VARCHAR(30), MODIFY c DECIMAL(9,2), MODIFY d BLOB',
      "INSERT INTO t VALUES (2, 5000000000, REPEAT('b', 30), 1234567.25, REPEAT('d', 99))",
    ],
  ),
  of(
    'narrowed',
    `${ID}, a BIGINT, b VARCHAR(30), c DECIMAL(9,4), d DATETIME(6)`,
    "(1, 1, 'abc', 1.5, '2026-01-02 03:04:05.678901')",
    [
      'ALTER TABLE t MODIFY a SMALLINT, MODIFY b VARCHAR(3), MODIFY c DECIMAL(4,2), MODIFY d DATETIME',
      "INSERT INTO t VALUES (2, 2, 'xyz', 2.25, '2026-01-02 03:04:05')",
    ],
  ),
  of('sign_changed', `${ID}, a INT, b INT UNSIGNED`, '(1, 1, 1), (2, 2, 2)', [
    'ALTER TABLE t MODIFY a INT UNSIGNED, MODIFY b INT',
    'INSERT INTO t VALUES (3, 4000000000, -3)',
  ]),
  of(
    'text_to_number',
    `${ID}, v VARCHAR(20)`,
    "(1, '030-12'), (2, '7')",
    ['ALTER TABLE t MODIFY v INT', 'INSERT INTO t VALUES (3, 8)'],
    { lenient: true },
  ),
  of('number_to_text', `${ID}, v INT`, '(1, 1), (2, 2)', [
    'ALTER TABLE t MODIFY v VARCHAR(20)',
    "INSERT INTO t VALUES (3, 'abc')",
  ]),
  of('date_to_text', `${ID}, v DATE`, "(1, '2026-01-02')", [
    'ALTER TABLE t MODIFY v VARCHAR(20)',
    "INSERT INTO t VALUES (2, 'no date')",
  ]),
  of('text_to_date', `${ID}, v VARCHAR(20)`, "(1, '2026-01-02')", [
    'ALTER TABLE t MODIFY v DATETIME',
    "INSERT INTO t VALUES (2, '2026-03-04 05:06:07')",
  ]),
  of(
    'text_to_json',
    `${ID}, body VARCHAR(99), long_body LONGTEXT`,
    `(1, '{"a": 1}', '{"big": 12345678901234567890, "f": 1.0}'), (2, '[1, 2]', '"text"')`,
    [
      'ALTER TABLE t MODIFY body JSON',
      `INSERT INTO t VALUES (3, '{"a": {"deep": [1, {"b": null}]}}', '{"big": 9007199254740993}')`,
      'ALTER TABLE t MODIFY long_body JSON',
      `INSERT INTO t VALUES (4, '{"o": {}}', '{"big": 9007199254740993, "f": 1.0}'), (5, '7', 'true'), (6, NULL, '"text"')`,
    ],
    { flavour: 'mysql' },
  ),
  of(
    'number_to_json',
    `${ID}, n INT`,
    '(1, 5), (2, NULL)',
    [
      'ALTER TABLE t MODIFY n JSON',
      `INSERT INTO t VALUES (3, '{"n": 18446744073709551615}'), (4, '9007199254740993')`,
    ],
    { flavour: 'mysql' },
  ),
  of(
    'json_to_text',
    `${ID}, v JSON`,
    `(1, '{"a": 1}'), (2, '"s"'), (3, '[1]')`,
    ['ALTER TABLE t MODIFY v LONGTEXT', "INSERT INTO t VALUES (4, 'no json')"],
    { flavour: 'mysql' },
  ),
  of('text_to_bytes', `${ID}, v VARCHAR(20)`, "(1, 'abc'), (2, 'é')", [
    'ALTER TABLE t MODIFY v VARBINARY(40)',
    "INSERT INTO t VALUES (3, x'FF00')",
  ]),
  of('bytes_to_text', `${ID}, v VARBINARY(20)`, "(1, 'abc')", [
    'ALTER TABLE t MODIFY v VARCHAR(20) CHARACTER SET utf8mb4',
    "INSERT INTO t VALUES (2, 'é')",
  ]),
  of(
    'charset_converted',
    `${ID}, name VARCHAR(60) CHARACTER SET latin1 NOT NULL, body TEXT CHARACTER SET latin1`,
    "(1, 'größe', 'ÿ')",
    [
      'ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4',
      "INSERT INTO t VALUES (2, '😀 表', REPEAT('😀', 100))",
      "UPDATE t SET name = '表' WHERE id = 1",
    ],
  ),
  of('charset_of_column', `${ID}, name VARCHAR(60) CHARACTER SET utf8mb3`, "(1, '表')", [
    'ALTER TABLE t MODIFY name VARCHAR(60) CHARACTER SET utf8mb4',
    "INSERT INTO t VALUES (2, '😀')",
  ]),
  of('charset_of_key', 'k VARCHAR(30) CHARACTER SET latin1 NOT NULL PRIMARY KEY', "('ä')", [
    'ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4',
    "INSERT INTO t VALUES ('😀'), ('表')",
  ]),
  of('charset_narrowed', `${ID}, name VARCHAR(60) CHARACTER SET utf8mb4`, "(1, 'é')", [
    'ALTER TABLE t MODIFY name VARCHAR(60) CHARACTER SET latin1',
    "INSERT INTO t VALUES (2, 'ü')",
  ]),
  of(
    'charset_too_narrow',
    `${ID}, v VARCHAR(40) CHARACTER SET utf32, w VARCHAR(40) CHARACTER SET utf32 NOT NULL`,
    "(1, '表', '表'), (2, 'a', 'a')",
    [
      'ALTER TABLE t MODIFY v VARCHAR(40) CHARACTER SET cp1251, MODIFY w VARCHAR(40) CHARACTER SET cp1251 NOT NULL',
      "INSERT INTO t VALUES (3, 'ж', 'ж')",
    ],
    { lenient: true },
  ),
  of(
    'collation',
    `k VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, v VARCHAR(9)`,
    "('a', 'x'), ('b', 'y')",
    [
      'ALTER TABLE t MODIFY k VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL',
      "INSERT INTO t VALUES ('A', 'other')",
    ],
  ),
  of('nullability', `${ID}, a INT NOT NULL, b INT`, '(1, 1, 1)', [
    'ALTER TABLE t MODIFY a INT NULL, MODIFY b INT NOT NULL',
    'INSERT INTO t VALUES (2, NULL, 2)',
  ]),
  of('default_value', `${ID}, a INT NOT NULL DEFAULT 1`, '(1, 1)', [
    'ALTER TABLE t ALTER a SET DEFAULT 5',
    'INSERT INTO t (id) VALUES (2)',
  ]),
  of('enum_members', `${ID}, e ENUM('a','b'), s SET('x','y')`, "(1, 'a', 'x'), (2, 'b', 'x,y')", [
    "ALTER TABLE t MODIFY e ENUM('a','b','c'), MODIFY s SET('x','y','z')",
    "INSERT INTO t VALUES (3, 'c', 'z')",
    "ALTER TABLE t MODIFY e ENUM('c','b','a'), MODIFY s SET('z','x','y')",
    "INSERT INTO t VALUES (4, 'a', 'x,z')",
  ]),
  of('enum_to_text', `${ID}, e ENUM('a','b')`, "(1, 'a')", [
    'ALTER TABLE t MODIFY e VARCHAR(20)',
    "INSERT INTO t VALUES (2, 'anything')",
  ]),
  of('text_to_enum', `${ID}, e VARCHAR(20)`, "(1, 'a')", [
    "ALTER TABLE t MODIFY e ENUM('a','b')",
    "INSERT INTO t VALUES (2, 'b')",
  ]),
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
  of('generated_column', `${ID}, a INT`, '(1, 1), (2, 2)', [
    'ALTER TABLE t ADD COLUMN g INT GENERATED ALWAYS AS (a + 1) STORED',
    'INSERT INTO t (id, a) VALUES (3, 3)',
  ]),
  of('partitioned', `${ID}, a INT`, '(1, 1), (2, 2)', [
    'ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 3',
    'INSERT INTO t VALUES (3, 3)',
    'ALTER TABLE t REMOVE PARTITIONING',
    'INSERT INTO t VALUES (4, 4)',
  ]),
  of('other_engine', `${ID}, a INT`, '(1, 1)', [
    'ALTER TABLE t ENGINE = MyISAM',
    'INSERT INTO t VALUES (2, 2)',
    'ALTER TABLE t ENGINE = InnoDB',
    'INSERT INTO t VALUES (3, 3)',
  ]),
  of('Renamed', `${ID}, a INT`, '(1, 1), (2, 2)', [
    'RENAME TABLE t TO renamed',
    'INSERT INTO renamed VALUES (3, 3)',
  ]),
];
