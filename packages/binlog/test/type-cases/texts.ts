import type { TypeCase } from './type-case.ts';

const LONG_TEXT = `REPEAT('long "text" \\\\ größe 😀\\n', 700)`;
const ESCAPES = `CONCAT('a"b', CHAR(92), 'c', CHAR(8), CHAR(9), CHAR(10), CHAR(12), CHAR(13), CHAR(0), CHAR(31), CHAR(127), '/é😀')`;

export const TEXTS: readonly TypeCase[] = [
  {
    type: 'char(5) character set utf8mb4',
    values: [
      ["'ab  '", '"ab"'],
      ["'größe'", '"größe"'],
      ["'😀😀😀😀😀'", '"😀😀😀😀😀"'],
      ["''", '""'],
    ],
  },
  { type: 'char(255) character set utf8mb4', values: [`REPEAT('é', 255)`, ["'x'", '"x"']] },
  { type: 'char(0)', values: [["''", '""']] },
  {
    type: 'varchar(20) character set utf8mb4',
    values: [
      ["''", '""'],
      ["'ab  '", '"ab  "'],
      [ESCAPES, JSON.stringify('a"b\\c\b\t\n\f\r\0\x1f\x7f/é😀')],
      ["'null'", '"null"'],
    ],
  },
  { type: 'varchar(2000) character set utf8mb4', values: [`REPEAT('é"', 900)`, `REPEAT('x', 2000)`] },
  { type: 'tinytext character set utf8mb4', values: [["'tiny'", '"tiny"']] },
  { type: 'text character set utf8mb4', values: [LONG_TEXT, ["''", '""']] },
  { type: 'mediumtext character set latin1', values: [`REPEAT('größe "x" ', 9000)`] },
  {
    type: 'longtext character set utf8mb4',
    values: [`REPEAT('0123456789abcdef', 70000)`, `REPEAT('é', 70000)`],
  },
];

export const CHARACTER_SETS: readonly TypeCase[] = [
  { type: 'varchar(100) character set utf8mb3', values: [["'größe €'", '"größe €"']] },
  {
    type: 'varchar(100) character set latin1',
    values: [
      ["'größe € Œ'", '"größe € Œ"'],
      [`X'818D8F909D'`, JSON.stringify('\x81\x8d\x8f\x90\x9d')],
      `REPEAT('ä', 100)`,
    ],
  },
  { type: 'varchar(100) character set ascii', values: [["'plain'", '"plain"']] },
  { type: 'varchar(100) character set gbk', values: [["'中文 abc'", '"中文 abc"']] },
  { type: 'varchar(100) character set sjis', values: [["'日本語 ｱｲｳ'", '"日本語 ｱｲｳ"']] },
  { type: 'varchar(100) character set ucs2', values: [["'日本語 é'", '"日本語 é"']] },
  { type: 'varchar(100) character set utf16', values: [["'日本 😀'", '"日本 😀"']] },
  { type: 'varchar(100) character set utf16le', values: [["'日本 😀'", '"日本 😀"']] },
  { type: 'varchar(100) character set gb18030', values: [["'中文 😀'", '"中文 😀"']], only: 'mysql' },
  { type: 'char(20) character set utf32', values: [["'日本 😀'", '"日本 😀"']] },
  {
    type: 'varchar(100) character set utf8mb4 collate utf8mb4_bin',
    values: [
      ["'Ä a A'", '"Ä a A"'],
      ["'😀'", '"😀"'],
    ],
  },
  { type: 'varchar(100) character set latin1 collate latin1_german2_ci', values: [["'Öl oel'", '"Öl oel"']] },
  {
    type: 'varchar(100) character set utf8mb4 collate utf8mb4_0900_as_cs',
    values: [["'Ä a A'", '"Ä a A"']],
    only: 'mysql',
  },
  {
    type: 'varchar(100) character set utf8mb4 collate uca1400_ai_ci',
    values: [["'Ä a A'", '"Ä a A"']],
    only: 'mariadb',
  },
  { type: 'varchar(100) character set big5', values: [["'中文 abc'", '"中文 abc"']] },
  { type: 'varchar(100) character set euckr', values: [["'한국어 abc'", '"한국어 abc"']] },
  { type: 'varchar(100) character set ujis', values: [["'日本語 ｱｲｳ'", '"日本語 ｱｲｳ"']] },
  { type: 'varchar(100) character set cp932', values: [["'日本語 ①'", '"日本語 ①"']] },
  { type: 'varchar(100) character set koi8r', values: [["'Привет'", '"Привет"']] },
  { type: 'varchar(100) character set cp1251', values: [["'Привет ё'", '"Привет ё"']] },
  { type: 'varchar(100) character set greek', values: [["'Ελλάδα'", '"Ελλάδα"']] },
  { type: 'varchar(100) character set hebrew', values: [["'שלום'", '"שלום"']] },
  { type: 'varchar(100) character set latin2', values: [["'Žluťoučký'", '"Žluťoučký"']] },
  { type: 'varchar(100) character set tis620', values: [["'ไทย'", '"ไทย"']] },
  { type: 'char(10) character set gbk', values: [["'中文  '", '"中文"']] },
  {
    type: 'char(10) character set ucs2',
    values: [
      ["'é  '", '"é"'],
      ["''", '""'],
    ],
  },
  { type: 'text character set sjis', values: [["'日本語'", '"日本語"']] },
  { type: 'text character set utf16', values: [["'😀'", '"😀"']] },
];

export const CHOICES: readonly TypeCase[] = [
  {
    type: `enum('a','it''s','comma,','gr\\nöße','b\\\\s') character set utf8mb4`,
    values: [
      ["'a'", '"a"'],
      ["'it''s'", '"it\'s"'],
      ['3', '"comma,"'],
      ['4', '"gr\\nöße"'],
      ["''", '""'],
      ['5', '"b\\\\s"'],
    ],
  },
  {
    type: `enum(${Array.from({ length: 300 }, (_, index) => `'m${index}'`).join(',')})`,
    values: [
      ["'m0'", '"m0"'],
      ["'m299'", '"m299"'],
      ["'m255'", '"m255"'],
    ],
  },
  {
    type: `enum('да','日本','größe') character set utf8mb4`,
    values: [
      ["'да'", '"да"'],
      ["'日本'", '"日本"'],
    ],
  },
  {
    type: `enum('','"','\`','a b',' lead','100%','a;b','--','/*') character set utf8mb4`,
    values: [
      ["''", '""'],
      ["'\"'", '"\\""'],
      ["'`'", '"`"'],
      ["' lead'", '" lead"'],
      ["'100%'", '"100%"'],
      ["'/*'", '"/*"'],
    ],
  },
  { type: `enum('ä','ö') character set latin1`, values: [["'ö'", '"ö"']] },
  {
    type: `set('a','b','it''s','ö') character set utf8mb4`,
    values: [
      ["''", '""'],
      ["'a,b'", '"a,b"'],
      ["'b,it''s,ö'", '"b,it\'s,ö"'],
      ['15', '"a,b,it\'s,ö"'],
    ],
  },
  ...[8, 9, 17, 25, 33].map((count): TypeCase => {
    const members = Array.from({ length: count }, (_, index) => `s${index}`);
    return {
      type: `set(${members.map((member) => `'${member}'`).join(',')})`,
      values: [
        [`'s${count - 1}'`, `"s${count - 1}"`],
        [`'${members.join(',')}'`, `"${members.join(',')}"`],
      ],
    };
  }),
  {
    type: `set(${Array.from({ length: 64 }, (_, index) => `'s${index}'`).join(',')})`,
    values: [
      ["'s63'", '"s63"'],
      ["'s0,s31,s32,s63'", '"s0,s31,s32,s63"'],
      ['18446744073709551615', JSON.stringify(Array.from({ length: 64 }, (_, index) => `s${index}`).join())],
    ],
  },
];
