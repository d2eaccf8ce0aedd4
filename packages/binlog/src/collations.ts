/** Bytes of the longest character by character set; also the list of the character sets of MySQL and MariaDB. */
const MAX_BYTES: Readonly<Record<string, number>> = {
  armscii8: 1,
  ascii: 1,
  big5: 2,
  binary: 1,
  cp1250: 1,
  cp1251: 1,
  cp1256: 1,
  cp1257: 1,
  cp850: 1,
  cp852: 1,
  cp866: 1,
  cp932: 2,
  dec8: 1,
  eucjpms: 3,
  euckr: 2,
  gb18030: 4,
  gb2312: 2,
  gbk: 2,
  geostd8: 1,
  greek: 1,
  hebrew: 1,
  hp8: 1,
  keybcs2: 1,
  koi8r: 1,
  koi8u: 1,
  latin1: 1,
  latin2: 1,
  latin5: 1,
  latin7: 1,
  macce: 1,
  macroman: 1,
  sjis: 2,
  swe7: 1,
  tis620: 1,
  ucs2: 2,
  ujis: 3,
  utf16: 4,
  utf16le: 4,
  utf32: 4,
  utf8mb3: 3,
  utf8mb4: 4,
};

/** Collation ids by character set: single ids and ranges `from-to`. Ids are never reused, so ranges only grow. */
const IDS: Readonly<Record<string, string>> = {
  armscii8: '32 64',
  ascii: '11 65',
  big5: '1 84',
  binary: '63',
  cp1250: '26 34 44 66 99',
  cp1251: '14 23 50-52',
  cp1256: '57 67',
  cp1257: '29 58-59',
  cp850: '4 80',
  cp852: '40 81',
  cp866: '36 68',
  cp932: '95-96',
  dec8: '3 69',
  eucjpms: '97-98',
  euckr: '19 85',
  gb18030: '248-250',
  gb2312: '24 86',
  gbk: '28 87',
  geostd8: '92-93',
  greek: '25 70',
  hebrew: '16 71',
  hp8: '6 72',
  keybcs2: '37 73',
  koi8r: '7 74',
  koi8u: '22 75',
  latin1: '5 8 15 31 47-49 94',
  latin2: '2 9 21 27 77',
  latin5: '30 78',
  latin7: '20 41-42 79',
  macce: '38 43',
  macroman: '39 53',
  sjis: '13 88',
  swe7: '10 82',
  tis620: '18 89',
  ucs2: '35 90 128-159 640-671',
  ujis: '12 91',
  utf16: '54-55 101-127 672-703',
  utf16le: '56 62',
  utf32: '60-61 160-191 736-767',
  utf8mb3: '33 76 83 192-223 576-607',
  utf8mb4: '45-46 224-247 255-511 608-639',
};

/** MariaDB numbers the no-pad twin of a collation 1024 higher. */
const NO_PAD = 1024;
/** MariaDB's UCA 14.0.0 collations: from 2048 on, blocks of 256 by character set. */
const UCA1400_FIRST = 2048;
const UCA1400_BLOCKS = ['utf8mb3', 'utf8mb4', 'ucs2', 'utf16', 'utf32'] as const;

const BY_ID = new Map<number, string>();
for (const [charset, ids] of Object.entries(IDS)) {
  for (const part of ids.split(' ')) {
    const [from, to] = part.split('-').map(Number);
    for (let id = from!; id <= (to ?? from!); id++) BY_ID.set(id, charset);
  }
}

/** MySQL's name of the collation's character set, null for an id that is not known. */
export function charsetOfCollation(id: number): string | null {
  if (id >= UCA1400_FIRST) return UCA1400_BLOCKS[(id - UCA1400_FIRST) >> 8] ?? null;
  return BY_ID.get(id >= NO_PAD ? id - NO_PAD : id) ?? null;
}

/** Bytes of the longest character of a character set; 1 for one that is not known. */
export function maxBytesOf(charset: string): number {
  return MAX_BYTES[charset] ?? 1;
}

/** The lowest collation id of a character set, 0 for one that is not known. */
export function collationOfCharset(charset: string): number {
  return Number.parseInt(IDS[charset] ?? '0', 10);
}

export function isCharset(charset: string): boolean {
  return MAX_BYTES[charset] !== undefined;
}
