/** SQL types as `information_schema` and schema records write them. */
interface SqlType {
  readonly name: string;
  readonly numbers: readonly number[];
  readonly members: readonly string[];
  readonly unsigned: boolean;
}

const INTEGERS: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
};
/** Most bytes or characters: one kind of text each, by what its values are. */
const TEXTS: Readonly<Record<string, number>> = {
  tinytext: 255,
  text: 65_535,
  mediumtext: 2 ** 24 - 1,
  longtext: 2 ** 32 - 1,
};
const BLOBS: Readonly<Record<string, number>> = {
  tinyblob: 255,
  blob: 65_535,
  mediumblob: 2 ** 24 - 1,
  longblob: 2 ** 32 - 1,
};
/** utf8mb4: a VARCHAR counts characters, a TEXT bytes. */
const BYTES_PER_CHARACTER = 4;
const FRACTIONS = new Set(['datetime', 'timestamp', 'time']);
const SAME: Readonly<Record<string, string>> = { integer: 'int', numeric: 'decimal' };

export function parseType(text: string): SqlType {
  const [, word = '', inner = '', rest = ''] =
    /^\s*(\w+)\s*(?:\(((?:'(?:[^']|'')*'|[^)'])*)\))?(.*)$/su.exec(text) ?? [];
  const name = SAME[word.toLowerCase()] ?? word.toLowerCase();
  const members = [...inner.matchAll(/'((?:[^']|'')*)'/gu)].map(([, member = '']) => member);
  const numbers =
    members.length > 0
      ? []
      : inner
          .split(',')
          .filter((part) => part.trim() !== '')
          .map(Number);
  // A display width says nothing of the values.
  const isInteger = name in INTEGERS || name === 'year';
  return { name, numbers: isInteger ? [] : numbers, members, unsigned: /\bunsigned\b/iu.test(rest) };
}

/** Whether a column of type `wide` holds every value of type `narrow` as it is. Equal types do. */
export function holds(wide: string, narrow: string): boolean {
  const [large, small] = [parseType(wide), parseType(narrow)];
  if (large.name in INTEGERS && small.name in INTEGERS) return holdsInteger(large, small);
  if (large.name === 'double' && small.name === 'float') return true;
  const [textSize, textNeed] = [sizeOf(large, TEXTS, ['varchar']), sizeOf(small, TEXTS, ['varchar', 'char'])];
  if (textSize !== null && textNeed !== null) return holdsLength(large, small, textSize, textNeed);
  const [blobSize, blobNeed] = [sizeOf(large, BLOBS, ['varbinary']), sizeOf(small, BLOBS, ['varbinary'])];
  if (blobSize !== null && blobNeed !== null) return blobSize >= blobNeed;
  if (large.name !== small.name) return false;
  if (large.name === 'decimal') return holdsDecimal(large, small);
  if (large.name === 'enum' || large.name === 'set')
    return small.members.every((member, index) => large.members[index] === member);
  // With more digits of a second the text of every value is another.
  if (FRACTIONS.has(large.name)) return (large.numbers[0] ?? 0) === (small.numbers[0] ?? 0);
  if (large.name === 'bit') return (large.numbers[0] ?? 1) >= (small.numbers[0] ?? 1);
  return large.unsigned === small.unsigned && large.numbers.join() === small.numbers.join();
}

/** The next larger TEXT type; every other type as it is. */
export function largerText(type: string): string {
  const size = TEXTS[parseType(type).name];
  const larger = Object.entries(TEXTS).find(([, other]) => size !== undefined && other > size);
  return larger?.[0] ?? type;
}

function holdsInteger(large: SqlType, small: SqlType): boolean {
  const [wide = 0, narrow = 0] = [INTEGERS[large.name], INTEGERS[small.name]];
  if (large.unsigned === small.unsigned) return wide >= narrow;
  return small.unsigned && wide > narrow;
}

/** The scale is part of a value's text. */
function holdsDecimal(large: SqlType, small: SqlType): boolean {
  const [precision = 10, scale = 0] = large.numbers;
  const [need = 10, needScale = 0] = small.numbers;
  return scale === needScale && precision >= need && (large.unsigned ? small.unsigned : true);
}

function sizeOf(
  type: SqlType,
  large: Readonly<Record<string, number>>,
  sized: readonly string[],
): number | null {
  if (sized.includes(type.name)) return type.numbers[0] ?? 1;
  return large[type.name] ?? null;
}

function holdsLength(large: SqlType, small: SqlType, size: number, need: number): boolean {
  if (large.name in TEXTS && !(small.name in TEXTS)) return size >= need * BYTES_PER_CHARACTER;
  if (!(large.name in TEXTS) && small.name in TEXTS) return false;
  return size >= need;
}
