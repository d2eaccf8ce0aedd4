/** Values that occur nowhere else, one of each type that a column may have, and how each would look where it does not belong. */

export interface Canary {
  /** Part of the column's name. */
  readonly name: string;
  readonly type: string;
  /** As SQL. */
  readonly literal: string;
  /** Texts that tell it. */
  readonly forms: readonly string[];
  /** Whether `truncate` may cut it. */
  readonly isText?: boolean;
}

/** All texts hold it. */
export const CANARY_TEXT = 'canary-4711-singt';
/** What a text that is cut may show. */
export const SHOWN_PART = 'pub-';

function text(name: string, type: string): Canary {
  return { name, type, literal: `'${SHOWN_PART}${CANARY_TEXT}-${name}'`, forms: [], isText: true };
}

/** YEAR and BIT(1) have too few values for one that occurs nowhere else. */
const OF_BOTH: readonly Canary[] = [
  text('char', 'CHAR(60)'),
  text('varchar', 'VARCHAR(99)'),
  text('latin', 'VARCHAR(99) CHARACTER SET latin1'),
  text('wide', 'VARCHAR(99) CHARACTER SET utf16'),
  text('tinytext', 'TINYTEXT'),
  text('text', 'TEXT'),
  text('longtext', 'LONGTEXT'),
  { name: 'int', type: 'INT', literal: '1147471193', forms: ['1147471193'] },
  { name: 'uint', type: 'INT UNSIGNED', literal: '4147471193', forms: ['4147471193'] },
  { name: 'bigint', type: 'BIGINT', literal: '-4711471147114711', forms: ['4711471147114711'] },
  { name: 'decimal', type: 'DECIMAL(24,6)', literal: '471147114711.471147', forms: ['471147114711'] },
  { name: 'double', type: 'DOUBLE', literal: '114711.471147', forms: ['114711.471147'] },
  { name: 'bit', type: 'BIT(40)', literal: '305441741841', forms: ['305441741841'] },
  { name: 'date', type: 'DATE', literal: "'1847-11-23'", forms: ['1847-11-23'] },
  { name: 'datetime', type: 'DATETIME(3)', literal: "'1847-11-24 04:47:11.471'", forms: ['1847-11-24'] },
  { name: 'timestamp', type: 'TIMESTAMP NULL', literal: "'1987-11-25 04:47:11'", forms: ['1987-11-25'] },
  { name: 'time', type: 'TIME', literal: "'471:47:11'", forms: ['471:47:11'] },
  { name: 'enum', type: `ENUM('a','b','${CANARY_TEXT}-enum')`, literal: `'${CANARY_TEXT}-enum'`, forms: [] },
  { name: 'set', type: `SET('a','${CANARY_TEXT}-set')`, literal: `'a,${CANARY_TEXT}-set'`, forms: [] },
  {
    name: 'json',
    type: 'JSON',
    literal: `'{"of":["${CANARY_TEXT}-json",471147110815]}'`,
    forms: ['471147110815'],
  },
  { name: 'binary', type: 'BINARY(40)', literal: `'${CANARY_TEXT}-binary'`, forms: [] },
  { name: 'varbinary', type: 'VARBINARY(99)', literal: `'${CANARY_TEXT}-varbinary'`, forms: [] },
  { name: 'blob', type: 'LONGBLOB', literal: `'${CANARY_TEXT}-blob'`, forms: [] },
  {
    name: 'point',
    type: 'POINT',
    literal: "ST_GeomFromText('POINT(471147.25 114747.125)')",
    forms: ['471147.25', '114747.125'],
  },
];
const OF_MARIADB: readonly Canary[] = [
  { name: 'uuid', type: 'UUID', literal: "'c4a21147-4711-4711-8711-47c4a2114711'", forms: ['c4a21147-4711'] },
  { name: 'inet', type: 'INET6', literal: "'2001:db8:4711:1147::47'", forms: ['2001:db8:4711:1147'] },
];

export function canariesOf(flavour: 'mysql' | 'mariadb'): readonly Canary[] {
  return flavour === 'mysql' ? OF_BOTH : [...OF_BOTH, ...OF_MARIADB];
}

/** Everything that gives one away: as it is, in hexadecimal digits, in base64 wherever it begins. */
export function formsOf(canaries: readonly Canary[]): readonly string[] {
  const plain = [CANARY_TEXT, ...canaries.flatMap(({ forms }) => forms)];
  const hex = Buffer.from(CANARY_TEXT).toString('hex');
  const base64 = [0, 1, 2].map((shift) =>
    // Letters at either end also depend on what stands beside it.
    Buffer.from(`${' '.repeat(shift)}${CANARY_TEXT}`)
      .toString('base64')
      .slice(4, 20),
  );
  return [...plain, hex, hex.toUpperCase(), ...base64];
}
