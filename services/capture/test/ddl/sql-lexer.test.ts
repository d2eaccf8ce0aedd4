import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachToken, type Dialect } from '../../src/ddl/sql-lexer.ts';
import { leadingTable, plainStatement } from '../../src/ddl/statement-text.ts';

const MYSQL: Dialect = { flavour: 'mysql', sqlMode: 0 };
const MARIADB: Dialect = { flavour: 'mariadb', sqlMode: 0 };
const ANSI = { flavour: 'mysql', sqlMode: 4 } as const;
/** MariaDB's ORACLE: the modes that it stands for are bits of their own, some beyond 32. */
const ORACLE = { flavour: 'mariadb', sqlMode: 2 ** 33 + 512 + 4 } as const;
const MSSQL = { flavour: 'mariadb', sqlMode: 1024 + 4 } as const;
const MARIADB_ANSI: Dialect = { flavour: 'mariadb', sqlMode: 4 };
const NO_ESCAPES = { flavour: 'mysql', sqlMode: 2 ** 20 } as const;

test.each<[string, Dialect, string]>([
  ['a  /* b */\n c;', MYSQL, 'a c'],
  ['a -- b\nc --\td\n--e', MYSQL, 'a c --e'],
  ['a # b\nc --', MYSQL, 'a c'],
  ['a "x" `y`', MYSQL, "a '' `y`"],
  ['a "x""y" `z`', ANSI, 'a `x"y` `z`'],
  ['a "x`y"', ORACLE, 'a `x``y`'],
  ['a [x]]y]', MSSQL, 'a `x]y`'],
  ['a [x]', MARIADB, 'a [x]'],
  [String.raw`a 'C:\', b, '`, NO_ESCAPES, "a '', b, ''"],
  [String.raw`a 'C:\', b, '`, MYSQL, "a ''"],
  ["a N'x' _utf8mb4'y' X'41'", MYSQL, "a N'' _utf8mb4'' X''"],
  ['/*!50100 a *//*! b */ c', MYSQL, 'a b c'],
  ['/*!080012a */ /*!1 b*/', MYSQL, 'a 1 b'],
  ['a /*M!100100 b */ c', MARIADB, 'a b c'],
  ['a /*M!100100 b */ c', MYSQL, 'a c'],
  ['/*!50100 a /* inner */ b */', MYSQL, 'a b'],
  ['a /*+ hint */ b', MYSQL, 'a b'],
  ["a '/* x' b '*/'", MYSQL, "a '' b ''"],
  ["SET STATEMENT a='x FOR y', b=1 FOR c", MARIADB, 'c'],
  [`SET STATEMENT sql_mode='' FOR TRUNCATE "x"`, MARIADB, 'TRUNCATE `x`'],
  [`SET STATEMENT sql_mode='' FOR RENAME TABLE a TO b."x"`, MARIADB, 'RENAME TABLE a TO b.`x`'],
  [`SET STATEMENT sql_mode='' FOR DROP TABLE [x]`, MARIADB, 'DROP TABLE `x`'],
  [`SET STATEMENT sql_mode='ANSI' FOR ALTER TABLE x COMMENT "y"`, MARIADB_ANSI, "ALTER TABLE x COMMENT ''"],
  [
    String.raw`SET STATEMENT sql_mode='' FOR ALTER TABLE x COMMENT 'y', ADD z INT`,
    MARIADB,
    "ALTER TABLE x COMMENT '', ADD z INT",
  ],
])('%j is read as %j says', (sql, dialect, expected) => {
  expect(plainStatement(sql, dialect)).toBe(expected);
});

test.each([
  ['a', { database: 'shop', table: 'a', rest: '' }],
  ['größe.1e5 (', { database: 'größe', table: '1e5', rest: '(' }],
  ['`a``.b` . `c d`, e', { database: 'a`.b', table: 'c d', rest: ', e' }],
  ['. a', { database: 'shop', table: 'a', rest: '' }],
])('the table %s', (text, expected) => {
  expect(leadingTable(text, 'shop')).toEqual(expected);
});

test('the tokens of any text are the text', () => {
  const piece = fc.constantFrom(
    ...Array.from('\'"`\\/*!M#-;[]. \n\u00a0'),
    '--',
    '/*',
    '*/',
    '/*!',
    'a',
    'ß',
    '😀',
    '50100',
  );
  const dialect = fc.constantFrom(MYSQL, MARIADB, ANSI, ORACLE, MSSQL, NO_ESCAPES);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), dialect, (parts, session) => {
      let text = '';
      eachToken(parts.join(''), session, (_kind, token) => (text += token));
      expect(text).toBe(parts.join(''));
    }),
  );
});
