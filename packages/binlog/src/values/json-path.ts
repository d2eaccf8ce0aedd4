import { BinlogError } from '../errors.ts';
import { MAX_DEPTH } from './json.ts';

/** One step of a path into a JSON document. */
export type PathLeg =
  | { readonly name: Buffer }
  | { readonly index: number; /** Counted backwards: `last` is 0. */ readonly fromEnd: boolean };

const MEMBER = /^\.(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^\s."[\]*\\]+))/u;
const CELL = /^\[(?:(\d{1,10})|last(?:-(\d{1,10}))?)\]/;

/**
 * A path as the server writes it into differences: `$`, then `.name`, `."quoted name"`, `[3]`, `[last]` or `[last-2]`.
 * Wildcards, ranges and blanks never stand there.
 *
 * @throws BinlogError VALUE_INVALID
 */
export function parsePath(text: string): PathLeg[] {
  if (!text.startsWith('$')) throw badPath();
  const legs: PathLeg[] = [];
  for (let rest = text.slice(1); rest !== '';) {
    const member = MEMBER.exec(rest);
    const cell = member === null ? CELL.exec(rest) : null;
    const found = member ?? cell;
    if (found === null || legs.length > MAX_DEPTH) throw badPath();
    legs.push(member === null ? cellLeg(found) : memberLeg(found));
    rest = rest.slice(found[0].length);
  }
  return legs;
}

function memberLeg([, quoted, plain]: RegExpExecArray): PathLeg {
  if (plain !== undefined) return { name: Buffer.from(plain) };
  try {
    return { name: Buffer.from(JSON.parse(`"${quoted}"`) as string) };
  } catch {
    throw badPath();
  }
}

function cellLeg([, index, back]: RegExpExecArray): PathLeg {
  if (index !== undefined) return { index: Number(index), fromEnd: false };
  return { index: Number(back ?? 0), fromEnd: true };
}

function badPath(): BinlogError {
  return new BinlogError('VALUE_INVALID', 'the path of a JSON difference is garbled');
}
