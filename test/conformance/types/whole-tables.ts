import type { TypeCase } from '@sluice/binlog/type-cases';
import type { ValueTable } from './value-table.ts';

const FAMILY = 'Tables and columns';

interface WholeTable {
  readonly table: ValueTable;
  /** Generated columns: servers that leave them out of changes have their tables captured without them. */
  readonly generated?: readonly string[];
  readonly only?: TypeCase['only'];
}

const ODD_NAMES = [
  'a b',
  'q`u',
  'd"q',
  "o'c",
  'ünï',
  '日本',
  'select',
  'a.b',
  '$x',
  'back\\slash',
  'UPPER',
  '%s',
  '{}',
];

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** What is not about one type: how columns come to their values, how things are called. */
export const WHOLE_TABLES: readonly WholeTable[] = [
  {
    generated: ['c', 'd'],
    table: {
      name: 'generated',
      family: FAMILY,
      title: 'generated columns, VIRTUAL and STORED',
      definition: `id int NOT NULL PRIMARY KEY, a int, b varchar(20), c bigint GENERATED ALWAYS AS (a * 3) VIRTUAL,
        d varchar(30) GENERATED ALWAYS AS (concat(b, '!')) STORED, e int`,
      key: ['id'],
      columns: ['a', 'b', 'c', 'd', 'e'],
      rows: [
        {
          sql: { a: '14', b: "'größe'", e: '1' },
          json: { a: '14', b: '"größe"', c: '42', d: '"größe!"', e: '1' },
        },
        {
          sql: { a: 'NULL', b: 'NULL', e: '2' },
          json: { a: 'null', b: 'null', c: 'null', d: 'null', e: '2' },
        },
      ],
    },
  },
  {
    table: {
      name: 'invisible',
      family: FAMILY,
      title: 'invisible columns',
      definition: "id int NOT NULL PRIMARY KEY, h int INVISIBLE, a int, i varchar(9) INVISIBLE DEFAULT 'hid'",
      key: ['id'],
      columns: ['h', 'a', 'i'],
      rows: [
        { sql: { h: '1', a: '2', i: "'x'" }, json: { h: '1', a: '2', i: '"x"' } },
        { sql: { h: 'NULL', a: '3', i: 'DEFAULT' }, json: { h: 'null', a: '3', i: '"hid"' } },
      ],
    },
  },
  {
    table: {
      name: 'defaults',
      family: FAMILY,
      title: 'defaults that are expressions',
      definition: `id int NOT NULL PRIMARY KEY, a int DEFAULT (1 + 1), b varchar(40) DEFAULT (concat('a', 'b')),
        c datetime(3) DEFAULT '2026-11-21 09:05:34.1', d text DEFAULT (repeat('x', 3)), e int`,
      key: ['id'],
      columns: ['a', 'b', 'c', 'd', 'e'],
      rows: [
        {
          sql: { a: 'DEFAULT', b: 'DEFAULT', e: '1' },
          json: { a: '2', b: '"ab"', c: '"2026-11-21T09:05:34.100"', d: '"xxx"', e: '1' },
        },
        {
          sql: { a: '5', b: 'NULL', e: 'NULL' },
          json: { a: '5', b: 'null', c: '"2026-11-21T09:05:34.100"', d: '"xxx"', e: 'null' },
        },
      ],
    },
  },
  {
    table: {
      name: 'odd_columns',
      family: FAMILY,
      title: 'column names with blanks, quotes, backticks, dots, letters of any script',
      definition: `id int NOT NULL, ${ODD_NAMES.map((name) => `${quoted(name)} int NOT NULL`).join(', ')}, PRIMARY KEY (${quoted('q`u')}, id, ${quoted('日本')})`,
      key: ['q`u', 'id', '日本'],
      columns: ODD_NAMES,
      rows: [
        {
          sql: Object.fromEntries(ODD_NAMES.map((name, index) => [name, String(index)])),
          json: Object.fromEntries(ODD_NAMES.map((name, index) => [name, String(index)])),
        },
        {
          sql: Object.fromEntries(ODD_NAMES.map((name, index) => [name, String(-index)])),
          json: Object.fromEntries(ODD_NAMES.map((name, index) => [name, String(0 - index)])),
        },
      ],
    },
  },
  {
    table: {
      name: `we\`ird "tä'ble"`,
      family: FAMILY,
      title: 'a table name with blanks, quotes, backticks, umlauts',
      definition: 'id int NOT NULL PRIMARY KEY, a int',
      key: ['id'],
      columns: ['a'],
      rows: [
        { sql: { a: '1' }, json: { a: '1' } },
        { sql: { a: '2' }, json: { a: '2' } },
      ],
    },
  },
  {
    only: 'mysql',
    table: {
      name: 'generated_key',
      family: FAMILY,
      title: 'a STORED generated column in the primary key',
      definition: `id int NOT NULL, a int, b int, k varchar(20) GENERATED ALWAYS AS (concat('k', b)) STORED NOT NULL, PRIMARY KEY (k, id)`,
      key: ['k', 'id'],
      columns: ['k', 'a'],
      rows: [
        { sql: { a: '1', b: '5' }, json: { k: '"k5"', a: '1' } },
        { sql: { a: '2', b: '5' }, json: { k: '"k5"', a: '2' } },
      ],
    },
  },
  {
    table: {
      name: 'default_key',
      family: FAMILY,
      title: 'a default that is an expression, and an INVISIBLE column, in the primary key',
      definition: `id int NOT NULL, k varchar(20) NOT NULL DEFAULT (concat('a', 'b')), i int NOT NULL DEFAULT 7 INVISIBLE, a int, PRIMARY KEY (k, i, id)`,
      key: ['k', 'i', 'id'],
      columns: ['k', 'i', 'a'],
      rows: [
        { sql: { k: 'DEFAULT', i: 'DEFAULT', a: '1' }, json: { k: '"ab"', i: '7', a: '1' } },
        { sql: { k: "'x'", i: '-8', a: '2' }, json: { k: '"x"', i: '-8', a: '2' } },
      ],
    },
  },
  {
    table: {
      name: 'prefix_key',
      family: FAMILY,
      title: 'TEXT and BLOB in the primary key by their first characters and bytes',
      definition: `id int NOT NULL, t text character set utf8mb4 NOT NULL, b blob NOT NULL, PRIMARY KEY (t(20), b(10), id)`,
      key: ['t', 'b', 'id'],
      columns: ['t', 'b'],
      rows: [
        { sql: { t: "'größe'", b: "X'00ff'" }, json: { t: '"größe"', b: '"AP8="' } },
        {
          sql: { t: `REPEAT('é', 30)`, b: `REPEAT('b', 30)` },
          json: { t: `"${'é'.repeat(30)}"`, b: `"${'YmJi'.repeat(10)}"` },
        },
      ],
    },
  },
  {
    table: {
      name: 'double_key',
      family: FAMILY,
      title: 'DOUBLE in the primary key',
      definition: 'id int NOT NULL, d double NOT NULL, PRIMARY KEY (d, id)',
      key: ['d', 'id'],
      columns: ['d'],
      rows: [
        { sql: { d: '1e300' }, json: { d: '1e+300' } },
        { sql: { d: '0.1' }, json: { d: '0.1' } },
        { sql: { d: '-1.7976931348623157e308' }, json: { d: '-1.7976931348623157e+308' } },
      ],
    },
  },
  {
    table: {
      name: 'float_key',
      family: FAMILY,
      title: 'FLOAT and DOUBLE in the primary key',
      definition: 'id int NOT NULL, f float NOT NULL, d double NOT NULL, PRIMARY KEY (f, d, id)',
      key: ['f', 'd', 'id'],
      columns: ['f', 'd'],
      rows: [
        { sql: { f: '-0.1', d: '1e300' }, json: { f: '-0.1', d: '1e+300' } },
        { sql: { f: '3', d: '0.1' }, json: { f: '3', d: '0.1' } },
        { sql: { f: '16777216', d: '-5e-324' }, json: { f: '16777216', d: '-5e-324' } },
      ],
    },
  },
  {
    table: {
      name: 'wide',
      family: FAMILY,
      title: 'a table of 300 columns, every other one NULL',
      definition: `id int NOT NULL PRIMARY KEY, ${numbered((index) => `c${index} int`).join(', ')}`,
      key: ['id'],
      columns: numbered((index) => `c${index}`),
      rows: [0, 1].map((odd) => ({
        sql: byNumber((index) => (index % 2 === odd ? 'NULL' : String(index))),
        json: byNumber((index) => (index % 2 === odd ? 'null' : String(index))),
      })),
    },
  },
];

function numbered(text: (index: number) => string): string[] {
  return Array.from({ length: 300 }, (_, index) => text(index));
}

function byNumber(text: (index: number) => string): Record<string, string> {
  return Object.fromEntries(numbered(String).map((index) => [`c${index}`, text(Number(index))]));
}
