import type { SeededRandom } from '@sluice/seeded-random';

/** A SQL expression, and the JSON text that it must become where that is a matter of rule. */
export type RandomValue = readonly [sql: string, json: string | null];

/** A column type as written in CREATE TABLE, and a source of values for it. */
export interface RandomColumn {
  readonly type: string;
  value(random: SeededRandom): RandomValue;
}

type Flavour = 'mysql' | 'mariadb';
type MakeColumn = (random: SeededRandom) => RandomColumn;

/** A column of a random type that the server has; now and then its values are NULL. */
export function randomColumn(random: SeededRandom, flavour: Flavour): RandomColumn {
  const make = random.pick(flavour === 'mysql' ? ON_MYSQL : ON_MARIADB);
  const column = make(random);
  return {
    type: `${column.type} NULL`,
    value: (chance) => (chance.chance(0.1) ? ['NULL', 'null'] : column.value(chance)),
  };
}

const INTEGER_BITS = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 } as const;

function integer(random: SeededRandom): RandomColumn {
  const [name, bits] = random.pick(Object.entries(INTEGER_BITS));
  const unsigned = random.chance(0.5);
  const value = (chance: SeededRandom): RandomValue => {
    const size = randomBits(chance, unsigned ? bits : bits - 1);
    const number = !unsigned && chance.chance(0.5) ? -size - 1n : size;
    return [String(number), integerJson(number)];
  };
  return { type: unsigned ? `${name} unsigned` : name, value };
}

function bit(random: SeededRandom): RandomColumn {
  const bits = random.integer(1, 64);
  const value = (chance: SeededRandom): RandomValue => {
    const number = randomBits(chance, bits);
    return [`b'${number.toString(2)}'`, integerJson(number)];
  };
  return { type: `bit(${bits})`, value };
}

function year(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    const number = chance.chance(0.1) ? 0 : chance.integer(1901, 2155);
    return [String(number), String(number)];
  };
  return { type: 'year', value };
}

function decimal(random: SeededRandom): RandomColumn {
  const scale = random.integer(0, 30);
  const whole = random.integer(scale === 0 ? 1 : 0, 65 - scale);
  const value = (chance: SeededRandom): RandomValue => {
    const digits = (chance.chance(0.3) ? '0' : randomDigits(chance, whole)).replace(/^0+(?=\d)/, '') || '0';
    const fraction = randomDigits(chance, scale);
    const text = scale === 0 ? digits : `${digits}.${fraction}`;
    const isNegative = chance.chance(0.5) && /[1-9]/.test(text);
    const signed = isNegative ? `-${text}` : text;
    return [signed, `"${signed}"`];
  };
  return { type: `decimal(${whole + scale},${scale})`, value };
}

function double(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    const number = randomDouble(chance);
    return [number.toExponential(), JSON.stringify(number)];
  };
  return { type: 'double', value };
}

function float(): RandomColumn {
  return {
    type: 'float',
    value: (chance) => [
      Math.fround((chance.next() - 0.5) * 10 ** chance.integer(-37, 38)).toExponential(),
      null,
    ],
  };
}

/** Characters of each character set, and how many of them it has room for in the longest CHAR. */
const CHARACTERS: Readonly<Record<string, string>> = {
  utf8mb4: 'aZ09 "\'\\/%_äß€日本語😀𝄞\u0001\b\t\n\f\r\u001f\u007f\u2028',
  utf8mb3: 'aZ09 "\'\\äß€日本語\t',
  latin1: 'aZ09 "\'\\äß€Œÿ\u0081',
  latin2: 'aZ09 "\'\\ŽťčřěŁ',
  ascii: 'aZ09 "\'\\~\u0000',
  gbk: 'aZ09 "\'\\中文誠運',
  sjis: 'aZ09 "\'日本語表ソｱ',
  cp932: 'aZ09 "\'日本語表ソ①ｱ',
  ujis: 'aZ09 "\'日本語ｱ',
  big5: 'aZ09 "\'\\中文功許',
  euckr: 'aZ09 "\'\\한국어',
  utf16: 'aZ09 "\'\\日本😀é',
  utf16le: 'aZ09 "\'\\日本😀é',
  utf32: 'aZ09 "\'\\日本😀é',
  ucs2: 'aZ09 "\'\\日本é',
  koi8r: 'aZ09 "\'\\Привет',
  cp1251: 'aZ09 "\'\\Приветё',
  greek: 'aZ09 "\'\\Ελλάδα',
  hebrew: 'aZ09 "\'\\שלום',
};

function text(random: SeededRandom): RandomColumn {
  const [charset, characters] = random.pick(Object.entries(CHARACTERS));
  const letters = Array.from(characters);
  const kind = random.pick(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
  const most = kind === 'char' ? random.integer(1, 60) : kind === 'varchar' ? random.integer(1, 300) : 60;
  const length = /char/.test(kind) ? `(${most})` : '';
  const value = (chance: SeededRandom): RandomValue => {
    const written = Array.from({ length: chance.integer(0, most) }, () => chance.pick(letters)).join('');
    // CHAR loses the blanks behind its text.
    return [quoted(written), JSON.stringify(kind === 'char' ? written.replace(/ +$/, '') : written)];
  };
  return { type: `${kind}${length} character set ${charset}`, value };
}

function bytes(random: SeededRandom): RandomColumn {
  const kind = random.pick(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
  const most =
    kind === 'binary' ? random.integer(1, 255) : kind === 'varbinary' ? random.integer(1, 600) : 200;
  const value = (chance: SeededRandom): RandomValue => {
    const written = Buffer.from(Array.from({ length: chance.integer(0, most) }, () => chance.below(256)));
    const stored =
      kind === 'binary' ? Buffer.concat([written, Buffer.alloc(most - written.length)]) : written;
    return [`X'${written.toString('hex')}'`, `"${stored.toString('base64')}"`];
  };
  return { type: /binary/.test(kind) ? `${kind}(${most})` : kind, value };
}

function date(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    const day = randomDay(chance, 0);
    return [`'${day}'`, `"${day}"`];
  };
  return { type: 'date', value };
}

function datetime(random: SeededRandom): RandomColumn {
  const digits = random.integer(0, 6);
  const value = (chance: SeededRandom): RandomValue => {
    const day = randomDay(chance, 1);
    const clock = `${two(chance.below(24))}:${two(chance.below(60))}:${two(chance.below(60))}${fraction(chance, digits)}`;
    return [`'${day} ${clock}'`, `"${day}T${clock}"`];
  };
  return { type: `datetime(${digits})`, value };
}

function timestamp(random: SeededRandom): RandomColumn {
  const digits = random.integer(0, 6);
  const value = (chance: SeededRandom): RandomValue => {
    const instant = new Date(chance.integer(1, 2 ** 31 - 1) * 1000).toISOString().slice(0, 19);
    const tail = fraction(chance, digits);
    return [`'${instant.replace('T', ' ')}${tail}'`, `"${instant}${tail}Z"`];
  };
  return { type: `timestamp(${digits})`, value };
}

function time(random: SeededRandom): RandomColumn {
  const digits = random.integer(0, 6);
  const value = (chance: SeededRandom): RandomValue => {
    const hours = chance.chance(0.5) ? chance.below(25) : chance.below(838);
    const size = `${two(hours)}:${two(chance.below(60))}:${two(chance.below(60))}${fraction(chance, digits)}`;
    const written = chance.chance(0.5) && /[1-9]/.test(size) ? `-${size}` : size;
    return [`'${written}'`, `"${written}"`];
  };
  return { type: `time(${digits})`, value };
}

const MEMBERS = ["it's", 'a,b', 'größe', '日本', 'b\\s', '"q"', ' lead', '100%', 'да'];

function choice(random: SeededRandom): RandomColumn {
  const numbered = Array.from({ length: random.integer(0, 300) }, (_, index) => `m${index}`);
  const members = [...MEMBERS, ...numbered];
  const value = (chance: SeededRandom): RandomValue => {
    const member = chance.pick(members);
    return [quoted(member), JSON.stringify(member)];
  };
  return { type: `enum(${members.map(quoted).join(',')}) character set utf8mb4`, value };
}

function choices(random: SeededRandom): RandomColumn {
  const members = Array.from({ length: random.integer(1, 64) }, (_, index) =>
    index % 5 === 0 ? `ä'${index}` : `s${index}`,
  );
  const value = (chance: SeededRandom): RandomValue => {
    const chosen = members.filter(() => chance.chance(0.3)).join(',');
    return [quoted(chosen), JSON.stringify(chosen)];
  };
  return { type: `set(${members.map(quoted).join(',')}) character set utf8mb4`, value };
}

function document(): RandomColumn {
  return { type: 'json', value: (chance) => [quoted(JSON.stringify(randomDocument(chance, 0))), null] };
}

function point(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    const numbers = [chance.next() * 180 - 90, chance.next() * 180 - 90];
    return [`ST_GeomFromText('LINESTRING(0 0, ${numbers.join(' ')})', ${chance.pick([0, 4326])})`, null];
  };
  return { type: 'geometry', value };
}

function vector(random: SeededRandom): RandomColumn {
  const dimensions = random.integer(1, 20);
  const value = (chance: SeededRandom): RandomValue => {
    const numbers = Array.from({ length: dimensions }, () => chance.next() - 0.5);
    // The server rounds the text of a number to a DOUBLE first.
    return [`TO_VECTOR('[${numbers.join(',')}]')`, null];
  };
  return { type: `vector(${dimensions})`, value };
}

function uuid(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    // Of a version and a variant that exist: others become NULL.
    const parts = randomHex(chance, 16).replace(
      /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/,
      `$1-$2-${chance.integer(1, 5)}$3-${chance.pick(['8', '9', 'a', 'b'])}$4-$5`,
    );
    return [`'${parts}'`, `"${parts}"`];
  };
  return { type: 'uuid', value };
}

function inet6(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    const groups = Array.from({ length: 8 }, () => (chance.chance(0.5) ? '0' : randomHex(chance, 2)));
    return [`'${groups.join(':')}'`, null];
  };
  return { type: 'inet6', value };
}

function inet4(): RandomColumn {
  const value = (chance: SeededRandom): RandomValue => {
    const address = Array.from({ length: 4 }, () => chance.below(256)).join('.');
    return [`'${address}'`, `"${address}"`];
  };
  return { type: 'inet4', value };
}

const EVERYWHERE: readonly MakeColumn[] = [
  integer,
  integer,
  bit,
  year,
  decimal,
  decimal,
  double,
  float,
  text,
  text,
  text,
  bytes,
  bytes,
  date,
  datetime,
  timestamp,
  time,
  choice,
  choices,
  point,
];
const ON_MYSQL = [...EVERYWHERE, document, document, vector];
const ON_MARIADB = [...EVERYWHERE, uuid, inet6, inet4];

/** Of all sizes, not only of the largest. */
function randomBits(random: SeededRandom, bits: number): bigint {
  let number = 0n;
  for (let left = random.integer(0, bits); left > 0; left--) number = number * 2n + BigInt(random.below(2));
  return number;
}

function integerJson(number: bigint): string {
  const isSafe = number <= BigInt(Number.MAX_SAFE_INTEGER) && number >= -BigInt(Number.MAX_SAFE_INTEGER);
  return isSafe ? String(number) : `"${number}"`;
}

function randomDigits(random: SeededRandom, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join('');
}

function randomHex(random: SeededRandom, bytesCount: number): string {
  return Array.from({ length: bytesCount }, () => random.below(256).toString(16).padStart(2, '0')).join('');
}

/** Any bits that are a finite number other than zero. */
function randomDouble(random: SeededRandom): number {
  for (;;) {
    const number = Buffer.from(randomHex(random, 8), 'hex').readDoubleBE();
    if (Number.isFinite(number) && number !== 0) return number;
  }
}

/** @param leastMonth 0 lets partial dates be */
function randomDay(random: SeededRandom, leastMonth: 0 | 1): string {
  return `${String(random.integer(1, 9999)).padStart(4, '0')}-${two(random.integer(leastMonth, 12))}-${two(random.integer(leastMonth, 28))}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function fraction(random: SeededRandom, digits: number): string {
  return digits === 0 ? '' : `.${random.chance(0.2) ? '0'.repeat(digits) : randomDigits(random, digits)}`;
}

const NAMES = ['a', 'bb', 'größe', '', '"q"', 'x.y', '😀'];

function randomDocument(random: SeededRandom, depth: number): unknown {
  const kind = random.below(depth > 4 ? 5 : 8);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return random.integer(-70_000, 70_000);
  if (kind === 2) return random.pick([2 ** 40, -(2 ** 50), 1e15, 0.1]);
  if (kind === 3) return randomDouble(random);
  if (kind === 4) return random.pick(NAMES).repeat(random.pick([1, 3, 60]));
  const children = Array.from({ length: random.below(6) }, () => randomDocument(random, depth + 1));
  if (kind === 5) return children;
  return Object.fromEntries(children.map((child, index) => [`${random.pick(NAMES)}${index}`, child]));
}

function quoted(literal: string): string {
  return `'${literal.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
