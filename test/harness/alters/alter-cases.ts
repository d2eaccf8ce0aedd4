import type { AlterCase } from './alter-case.ts';
import { COLUMN_ALTERS } from './column-alters.ts';
import { KEY_ALTERS } from './key-alters.ts';
import { TABLE_ALTERS } from './table-alters.ts';
import { TYPE_ALTERS } from './type-alters.ts';

/** Every class of ALTER, each on a table of its own. */
export const ALTER_CASES: readonly AlterCase[] = [
  ...COLUMN_ALTERS,
  ...TYPE_ALTERS,
  ...KEY_ALTERS,
  ...TABLE_ALTERS,
];
