import { commonCharset } from './charset-widening.ts';
import { holds, largerText } from './type-widening.ts';

/** What decides which values a column can hold. */
export interface ValueSpace {
  /** As information_schema and schema records write it. */
  readonly type: string;
  /** Of a text column, else null. */
  readonly charset: string | null;
}

/**
 * The least change of a column after which it holds every value that it could hold before and every one of `wanted`: `present` itself
 * where nothing is to be done; null where no such type is known, because the kinds of values differ.
 */
export function fittingColumn(present: ValueSpace, wanted: ValueSpace): ValueSpace | null {
  const type = fittingType(present.type, wanted.type);
  if (type === null) return null;
  const charset =
    present.charset === null || wanted.charset === null
      ? present.charset
      : commonCharset(present.charset, wanted.charset);
  if (charset === present.charset && type === present.type) return present;
  // TEXT types count bytes: the same text takes more of them in another character set.
  return { type: charset !== present.charset && type === present.type ? largerText(type) : type, charset };
}

function fittingType(present: string, wanted: string): string | null {
  if (holds(present, wanted)) return present;
  return holds(wanted, present) ? wanted : null;
}
