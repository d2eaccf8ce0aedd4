import { BYTES, COMPRESSED, NAMED } from './bytes.ts';
import { JSONS } from './documents.ts';
import { GEOMETRIES } from './geometries.ts';
import { TEMPORALS } from './moments.ts';
import { DECIMALS, FLOATS, INTEGERS } from './numbers.ts';
import { CHARACTER_SETS, CHOICES, TEXTS } from './texts.ts';
import type { TypeFamily } from './type-case.ts';

/** Every column type of MySQL and MariaDB: SQL in, JSON out. */
export const TYPE_FAMILIES: readonly TypeFamily[] = [
  { title: 'Integers, bits, years', cases: INTEGERS },
  { title: 'Decimals', cases: DECIMALS },
  { title: 'Floating point', cases: FLOATS },
  { title: 'Dates and times', cases: TEMPORALS },
  { title: 'Text', cases: TEXTS },
  { title: 'Character sets and collations', cases: CHARACTER_SETS },
  { title: 'ENUM and SET', cases: CHOICES },
  { title: 'Bytes', cases: BYTES },
  { title: 'JSON', cases: JSONS },
  { title: 'Geometry', cases: GEOMETRIES },
  { title: 'Compressed columns', cases: COMPRESSED },
  { title: 'UUID and addresses', cases: NAMED },
];

export { isFor, type ServerKind, type TypeCase, type TypeFamily } from './type-case.ts';
