import { startStack, type MysqlServer } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { columnKind } from '../../src/column-kinds.ts';
import { openRowConnection, streamRows } from '../../src/source-rows.ts';
import { rowSum } from '../../src/sums/row-sum.ts';
import { compareRunning, type PublishedTable, type RunningFindings } from '../../src/index.ts';

const stack = await startStack({ servers: ['mysql', 'mariadb', 'target-mysql'] });
afterAll(() => stack.stop());

const DATABASE = 'compare_sums';
const COPY = 'compare_sums_copy';
const anew = (database: string): string[] => [
  `DROP DATABASE IF EXISTS ${database}`,
  `CREATE DATABASE ${database}`,
];

async function onServer(server: MysqlServer, ...statements: readonly string[]): Promise<void> {
  const connection = await openRowConnection(server);
  for (const statement of statements) await connection.promise.query(statement);
  await connection.close();
}

/** Values of a type that differ by as little as there is, and that a careless text, a collation or a rounding takes for one. */
const CLOSE: readonly (readonly [type: string, values: readonly string[]])[] = [
  ['BIGINT', ['9223372036854775807', '9223372036854775806', '-1', '0', 'NULL']],
  ['BIGINT UNSIGNED', ['18446744073709551615', '18446744073709551614']],
  ['DECIMAL(38,9)', ['12345678901234567890.123456789', '12345678901234567890.12345679', '0.1', '0', 'NULL']],
  [
    'DOUBLE',
    [
      '0.1',
      '0.10000000000000002',
      '1e15',
      '1.0000000000000002e15',
      '-1.7976931348623157e308',
      '-1.7976931348623155e308',
      'NULL',
    ],
  ],
  ['FLOAT', ['0.1', '0.10000001', '16777216', '16777214', 'NULL']],
  ['DATETIME(6)', ["'2026-03-01 12:00:00.000001'", "'2026-03-01 12:00:00.000002'", "'0000-00-00'", 'NULL']],
  ['TIMESTAMP(3) NULL', ["'2026-03-01 12:00:00'", "'2026-03-01 13:00:00'", 'NULL']],
  ['DATE', ["'2026-03-01'", "'2026-03-02'", 'NULL']],
  ['TIME(3)', ["'-838:59:59'", "'838:59:59'", "'00:00:00.001'", "'00:00:00.002'", 'NULL']],
  ['YEAR', ['2026', '2027', 'NULL']],
  ['BIT(64)', ["b'1'", "b'0'", 'NULL']],
  ['VARCHAR(20)', ["'a'", "'a '", "'A'", "'á'", "''", "'N'", "'1:a'", "'a,b'", 'NULL']],
  ['VARCHAR(20) CHARACTER SET latin1', ["'e'", "'é'", "'E'", "''", 'NULL']],
  ['TEXT CHARACTER SET utf32', ["'日'", "'日 '", "'本'", 'NULL']],
  ['VARBINARY(9)', ["X'00'", "X'0000'", "X''", "X'4E'", 'NULL']],
  ["ENUM('a','b','N')", ["'a'", "'b'", "'N'", 'NULL']],
  ["SET('a','b')", ["'a,b'", "'a'", "''", 'NULL']],
  [
    'JSON',
    [
      `'{"n": 10.1}'`,
      `'{"n": 10.11}'`,
      `'{"n": "10.1"}'`,
      `'9007199254740993'`,
      `'9007199254740992'`,
      `'null'`,
      'NULL',
    ],
  ],
  ['POINT', ['POINT(1, 2)', 'POINT(1, 3)', 'NULL']],
];

test.each(['mysql', 'mariadb'] as const)(
  '%s: sums tell rows apart that differ by the least',
  async (flavour) => {
    const database = `${DATABASE}_values`;
    const connection = await openRowConnection(stack[flavour]);
    for (const statement of anew(database)) await connection.promise.query(statement);
    for (const [index, [type, values]] of CLOSE.entries()) {
      const name = `${database}.t${index}`;
      await connection.promise.query(`CREATE TABLE ${name} (id INT NOT NULL PRIMARY KEY, v ${type})`);
      const rows = values.map((value, id) => `(${id}, ${value})`);
      await connection.promise.query(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
      const dataType = type.toLowerCase().split(/[ (]/)[0] ?? '';
      const kind = columnKind(flavour === 'mariadb' && dataType === 'json' ? 'longtext' : dataType);
      const isUtf8mb4 = !/latin1|utf32/.test(type);
      const sums: string[] = [];
      for await (const [sum] of streamRows(
        connection,
        `SELECT ${rowSum([{ kind, name: 'v', isUtf8mb4 }])} AS s FROM ${name} ORDER BY id`,
      ))
        sums.push(String(sum));
      expect([type, new Set(sums).size]).toEqual([type, values.length]);
    }
    await connection.promise.query(`DROP DATABASE ${database}`);
    await connection.close();
  },
);

test('sums take columns apart, and two rows that are added up do not hide one another', async () => {
  const database = `${DATABASE}_rows`;
  const connection = await openRowConnection(stack.mysql);
  for (const statement of anew(database)) await connection.promise.query(statement);
  const kind = columnKind('varchar');
  const sum = rowSum(['a', 'b'].map((name) => ({ kind, name, isUtf8mb4: true })));
  const sumOf = async (...rows: readonly string[]): Promise<string> => {
    const values = rows.map((row) => `SELECT ${row}`).join(' UNION ALL ');
    for await (const [found] of streamRows(
      connection,
      `SELECT BIT_XOR(${sum}) AS x FROM (SELECT '' AS a, '' AS b WHERE FALSE UNION ALL ${values}) AS t`,
    ))
      return String(found);
    return '';
  };
  expect(await sumOf(`'a', 'bc'`)).not.toBe(await sumOf(`'ab', 'c'`));
  expect(await sumOf(`'a,1:b', 'c'`)).not.toBe(await sumOf(`'a', 'b,1:c'`));
  expect(await sumOf(`NULL, ''`)).not.toBe(await sumOf(`'', NULL`));
  expect(await sumOf(`'a', 'x'`, `'b', 'y'`)).not.toBe(await sumOf(`'a', 'y'`, `'b', 'x'`));
  await connection.promise.query(`SET @longest = REPEAT('x', @@max_allowed_packet - 10)`);
  expect(await sumOf(`@longest, @longest`)).not.toBe(await sumOf(`@longest, @longest`));
  await connection.promise.query(`DROP DATABASE ${database}`);
  await connection.close();
});

test('a value of which the server gives no text is equal to no other, and not to NULL', async () => {
  const connection = await openRowConnection(stack.mysql);
  await connection.promise.query(`SET @most = @@max_allowed_packet`);
  const sumOf = async (type: string, value: string): Promise<string> => {
    const sum = rowSum([{ kind: columnKind(type), name: 'v', isUtf8mb4: type !== 'char' }]);
    const from = `(SELECT CAST('' AS BINARY) AS v WHERE FALSE UNION ALL SELECT ${value}) AS t`;
    for await (const [found] of streamRows(connection, `SELECT ${sum} AS s FROM ${from}`))
      return String(found);
    return '';
  };
  const pairs = [
    ['text', `CONCAT(REPEAT('x', @most - 1), 'a')`, `CONCAT(REPEAT('x', @most - 1), 'b')`],
    ['blob', `CONCAT(REPEAT('x', @most DIV 2), 'a')`, `CONCAT(REPEAT('x', @most DIV 2), 'b')`],
    // No UTF-8, as in a copy whose column is VARBINARY.
    ['char', `X'FF'`, `X'FE'`],
  ] as const;
  for (const [type, ...values] of pairs) {
    const sums = [];
    for (const value of [...values, 'NULL']) sums.push(await sumOf(type, value));
    expect([type, new Set(sums).size]).toEqual([type, sums.length]);
  }
  await connection.close();
});

const ROWS = 24_000;
/** Numbers from 0 to 23,999 as `i`. */
const NUMBERS = `(SELECT a.n * 1000 + b.n * 100 + c.n * 10 + d.n AS i FROM ${['a', 'b', 'c', 'd']
  .map(
    (name) =>
      `(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9${name === 'a' ? Array.from({ length: 14 }, (_, more) => ` UNION SELECT ${more + 10}`).join('') : ''}) AS ${name}`,
  )
  .join(', ')}) AS numbers`;
const COLUMNS = `big BIGINT, amount DECIMAL(20,4), doc JSON, note VARCHAR(40), at DATETIME(3), seen TIMESTAMP(3) NULL`;
const VALUES = `9223372036854775807, 1.5, '{"n": 10.10}', 'plain', '2026-03-01 12:00:00', '2026-03-01 12:00:00'`;

function published(table: string, keyColumns: readonly string[], ...more: readonly string[]): PublishedTable {
  const names = [...keyColumns, ...more];
  const columns = names.map((name) => ({ source: name, published: name, treatment: '' }));
  return { database: DATABASE, table, columns, keyColumns, refused: null };
}

const VALUE_COLUMNS = ['big', 'amount', 'doc', 'note', 'at', 'seen'];

async function compare(source: MysqlServer, ...tables: readonly PublishedTable[]): Promise<RunningFindings> {
  const { host, port, user, password } = stack.targetMysql;
  return compareRunning({
    takes: () => true,
    source,
    tables,
    sinks: { mysql: { host, port, user, password, databases: { [DATABASE]: COPY } } },
    scope: { condition: () => null, keys: null, sample: null },
    rowsPerSecond: 1_000_000,
    applied: () => Promise.resolve(null),
    onProgress: () => undefined,
    signal: AbortSignal.timeout(60_000),
  });
}

const outline = ({ differences }: RunningFindings): readonly string[] =>
  differences
    .map(({ kind, key, columns }) =>
      [kind, ...Object.values(key ?? {}), ...columns.map(({ column }) => column)].join(' '),
    )
    .sort();

test.each(['mysql', 'mariadb'] as const)(
  '%s: planted differences are found by sums, and no others',
  { timeout: 60_000 },
  async (flavour) => {
    const source = stack[flavour];
    // MariaDB's JSON is text: so is the copy's.
    const columns = flavour === 'mysql' ? COLUMNS : COLUMNS.replace('JSON', 'LONGTEXT');
    const create = (name: string): string[] => [
      `CREATE TABLE ${name}.one (id BIGINT NOT NULL PRIMARY KEY, ${columns})`,
      `INSERT INTO ${name}.one SELECT i * 3, ${VALUES} FROM ${NUMBERS}`,
      `CREATE TABLE ${name}.two (shop INT NOT NULL, id VARBINARY(9) NOT NULL, ${columns}, PRIMARY KEY (shop, id))`,
      `INSERT INTO ${name}.two SELECT i DIV 9000, CAST(i AS CHAR), ${VALUES} FROM ${NUMBERS}`,
    ];
    await onServer(source, ...anew(DATABASE), ...create(DATABASE));
    await onServer(stack.targetMysql, ...anew(COPY), ...create(COPY));
    const one = published('one', ['id'], ...VALUE_COLUMNS);
    const two = published('two', ['shop', 'id'], ...VALUE_COLUMNS);
    const equal = await compare(source, one, two);
    const all = { compared: ROWS, equal: ROWS, different: 0, missing: 0, extra: 0, notSettled: 0 };
    expect(equal).toMatchObject({ result: 'equal', rows: 2 * ROWS });
    for (const { remarks, sinks } of equal.tables) expect([remarks, sinks]).toEqual([[], { mysql: all }]);

    await onServer(
      stack.targetMysql,
      `UPDATE ${COPY}.one SET big = big - 1 WHERE id = 0`,
      `UPDATE ${COPY}.one SET amount = 1.5001 WHERE id = 36000`,
      `UPDATE ${COPY}.one SET doc = '{"n": 10.11}' WHERE id = 36003`,
      `UPDATE ${COPY}.one SET note = 'plain ' WHERE id = 50001`,
      `UPDATE ${COPY}.one SET note = 'PLAIN' WHERE id = 50004`,
      `UPDATE ${COPY}.one SET at = '2026-03-01 13:00:00', note = NULL WHERE id = 60000`,
      `UPDATE ${COPY}.one SET seen = seen + INTERVAL 1 HOUR WHERE id = 71997`,
      `DELETE FROM ${COPY}.one WHERE id IN (3, 33000, 71994)`,
      `INSERT INTO ${COPY}.one SELECT id - 10, big, amount, doc, note, at, seen FROM ${COPY}.one WHERE id IN (6, 30000)`,
      `INSERT INTO ${COPY}.one (id) VALUES (72000)`,
      `UPDATE ${COPY}.two SET note = '' WHERE shop = 0 AND id = '0'`,
      `DELETE FROM ${COPY}.two WHERE shop = 2 AND id = '23999'`,
      `INSERT INTO ${COPY}.two (shop, id) VALUES (1, '0'), (9, '0')`,
    );
    const found = await compare(source, one, two);
    expect(found).toMatchObject({ result: 'different', rows: 2 * ROWS, notSettled: [] });
    expect(found.tables.map(({ remarks }) => remarks)).toEqual([[], []]);
    expect(outline(found)).toEqual(
      [
        'different 0 big',
        'different 36000 amount',
        'different 36003 doc',
        'different 50001 note',
        'different 50004 note',
        'different 60000 note at',
        'different 71997 seen',
        ...['3', '33000', '71994'].map((id) => `missing ${id}`),
        ...['-4', '29990', '72000'].map((id) => `extra ${id}`),
        'different 0 "MA==" note',
        'missing 2 "MjM5OTk="',
        'extra 1 "MA=="',
        'extra 9 "MA=="',
      ].sort(),
    );
    expect(found.tables[0]?.sinks['mysql']).toEqual({
      ...all,
      equal: ROWS - 10,
      different: 7,
      missing: 3,
      extra: 3,
    });
  },
);

test.each(['mysql', 'mariadb'] as const)(
  '%s: no column takes the characters of another for those of its own character set',
  async (flavour) => {
    const columns = [
      'a VARCHAR(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci',
      'b VARCHAR(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin',
      'c VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci',
      'd VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
      'e VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin',
      'f VARCHAR(9) CHARACTER SET ascii COLLATE ascii_bin',
    ];
    const create = (name: string, c: string, d: string): string[] => [
      ...anew(name),
      `CREATE TABLE ${name}.t (id INT NOT NULL PRIMARY KEY, ${columns.join(', ')})`,
      `INSERT INTO ${name}.t VALUES (1, 'é', '日', '😀', '😀', 'é', 'e'), (2, 'é', '日', '${c}', '😀', 'é', 'e'), (3, 'é', '日', '😀', '${d}', 'é', 'e')`,
    ];
    await onServer(stack[flavour], ...create(DATABASE, '😀', '😀'));
    await onServer(stack.targetMysql, ...create(COPY, '😁', '😁'));
    const cases = [
      ['abcdef', ['different 2 c', 'different 3 d']],
      ['abc', ['different 2 c']],
      ['abd', ['different 3 d']],
    ] as const;
    for (const [names, different] of cases) {
      const found = await compare(stack[flavour], published('t', ['id'], ...names.split('')));
      expect([names, outline(found), found.tables[0]?.remarks]).toEqual([names, different, []]);
    }
  },
);

test('a copy may have more rows in one place than are looked at together', async () => {
  const create = (name: string): string[] => [
    ...anew(name),
    `CREATE TABLE ${name}.t (id BIGINT NOT NULL PRIMARY KEY, note VARCHAR(9))`,
    `INSERT INTO ${name}.t VALUES (0, 'x'), (100000, 'x')`,
  ];
  await onServer(stack.mysql, ...create(DATABASE));
  await onServer(
    stack.targetMysql,
    ...create(COPY),
    `INSERT INTO ${COPY}.t SELECT i + 1, 'x' FROM ${NUMBERS} WHERE i < 4500`,
  );
  const found = await compare(stack.mysql, published('t', ['id'], 'note'));
  expect(found.tables[0]?.sinks['mysql']).toMatchObject({ compared: 2, equal: 2, extra: 4500, missing: 0 });
});

test('a table whose ranges would not be the same on both sides is compared row by row, and that is said', async () => {
  const key = (type: string): string => `CREATE TABLE ${DATABASE}.t (k ${type} PRIMARY KEY, note VARCHAR(9))`;
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'VARCHAR(9) COLLATE utf8mb4_bin',
      'VARCHAR(9) COLLATE utf8mb4_general_ci',
      'key column k has the collation utf8mb4_bin in the source and utf8mb4_general_ci there',
    ],
    ['INT', 'VARCHAR(9)', 'key column k is not ordered alike on both sides'],
    ["ENUM('b','a')", "ENUM('b','a')", 'key column k is not ordered alike on both sides'],
    ['VARCHAR(9) COLLATE utf8mb4_general_ci', 'VARCHAR(9) COLLATE utf8mb4_general_ci', ''],
  ];
  for (const [ours, theirs, why] of cases) {
    const rows = /ENUM/.test(ours) ? `('b', 'x'), ('a', 'y')` : `('2', 'x'), ('10', 'y')`;
    await onServer(stack.mysql, ...anew(DATABASE), key(ours), `INSERT INTO ${DATABASE}.t VALUES ${rows}`);
    const copied = key(theirs).replace(DATABASE, COPY);
    await onServer(stack.targetMysql, ...anew(COPY), copied, `INSERT INTO ${COPY}.t VALUES ${rows}`);
    const found = await compare(stack.mysql, published('t', ['k'], 'note'));
    const said = (found.tables[0]?.remarks ?? []).filter((remark) => remark.startsWith('compared with'));
    expect(said).toEqual(why === '' ? [] : [`compared with sink mysql row by row: ${why}`]);
    expect(found.tables[0]?.sinks['mysql']).toMatchObject({ compared: 2, equal: 2, extra: 0 });
  }
  const folded = key('VARCHAR(9) COLLATE utf8mb4_general_ci');
  await onServer(
    stack.mariadb,
    ...anew(DATABASE),
    folded,
    `INSERT INTO ${DATABASE}.t VALUES ('2', 'x'), ('10', 'y')`,
  );
  const found = await compare(stack.mariadb, published('t', ['k'], 'note'));
  expect(found.tables[0]?.remarks).toContain(
    'compared with sink mysql row by row: key column k has the collation utf8mb4_general_ci, which MySQL and MariaDB need not order alike',
  );
  await onServer(stack.mysql, `DROP DATABASE ${DATABASE}`);
  await onServer(stack.mariadb, `DROP DATABASE ${DATABASE}`);
  await onServer(stack.targetMysql, `DROP DATABASE ${COPY}`);
});
