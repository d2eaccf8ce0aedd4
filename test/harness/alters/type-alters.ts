import { ID, of, type AlterCase } from './alter-case.ts';

/** What ALTER does to the types of columns. */
export const TYPE_ALTERS: readonly AlterCase[] = [
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
  of(
    'numbers_turned',
    `${ID}, a BIT(8), b YEAR, c FLOAT, d INT, e DECIMAL(20,4)`,
    "(1, b'101', 2026, 1.5, 3, 12345678901234.5678)",
    [
      'ALTER TABLE t MODIFY a INT, MODIFY b INT, MODIFY c DOUBLE, MODIFY d DECIMAL(12,3), MODIFY e DOUBLE',
      'INSERT INTO t VALUES (2, -5, -6, 1e300, 0.125, 2.5)',
    ],
    { long: true },
  ),
  of(
    'times_turned',
    `${ID}, a TIMESTAMP NULL, b TIME(3), c DATETIME(6), d DATE`,
    "(1, '2026-01-02 03:04:05', '-01:02:03.5', '2026-01-02 03:04:05.123456', '2026-01-02')",
    [
      'ALTER TABLE t MODIFY a DATETIME(3), MODIFY b VARCHAR(30), MODIFY c TIMESTAMP NULL, MODIFY d DATETIME',
      "INSERT INTO t VALUES (2, '1000-01-01', 'x', '2026-05-05 05:05:05', '9999-12-31 23:59:59')",
    ],
    { long: true },
  ),
  of(
    'shapes_of_space',
    `${ID}, a INT`,
    '(1, 1)',
    [
      'ALTER TABLE t ADD COLUMN p POINT, ADD COLUMN g GEOMETRY',
      'INSERT INTO t VALUES (2, 2, POINT(1, 2), POINT(3, 4))',
      'ALTER TABLE t MODIFY p GEOMETRY, DROP COLUMN g',
      'INSERT INTO t VALUES (3, 3, POINT(5, 6))',
    ],
    { long: true },
  ),
  of(
    'named_types',
    `${ID}, u VARCHAR(36), i VARCHAR(39)`,
    "(1, '123e4567-e89b-12d3-a456-426655440000', '::ffff:1.2.3.4')",
    [
      'ALTER TABLE t MODIFY u UUID, MODIFY i INET6',
      "INSERT INTO t VALUES (2, '123e4567-e89b-12d3-a456-426655440001', 'fe80::1')",
      'ALTER TABLE t MODIFY u CHAR(36), MODIFY i VARCHAR(50)',
      "INSERT INTO t VALUES (3, 'x', 'y')",
    ],
    { flavour: 'mariadb', long: true },
  ),
];
