import type { ByteWriter } from '../byte-writer.ts';
import { BinlogError } from '../errors.ts';
import { EventCursor } from '../event-cursor.ts';
import { JsonNode } from './json-node.ts';
import { parsePath, type PathLeg } from './json-path.ts';

/** Bytes of a value. */
export interface ValueBytes {
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
}

const OPERATION = { REPLACE: 0, INSERT: 1, REMOVE: 2 } as const;

/**
 * Writes the document that the differences make of the one before, exactly as the whole document would have been
 * written. Differences (MySQL's `Json_diff_vector`): operation, path and, unless something is removed, the value in binary
 * JSON, both with a length-encoded length in front; each applies to what the one before it left.
 *
 * @throws BinlogError VALUE_INVALID when one does not fit: the document before is not the one it was made from
 */
export function writePatchedJson(document: ValueBytes, differences: ValueBytes, out: ByteWriter): void {
  const root = nodeOf(document);
  const cursor = new EventCursor(differences.source, differences.start, differences.end);
  while (cursor.left > 0) applyNext(root, cursor);
  // Every value has a byte of its own in one of the two.
  const budget = document.end - document.start + differences.end - differences.start + 1;
  root.write(out, 0, budget);
}

function applyNext(root: JsonNode, cursor: EventCursor): void {
  const operation = cursor.uint(1);
  const legs = parsePath(cursor.text(cursor.lengthEncoded()));
  const last = legs.pop();
  if (operation > OPERATION.REMOVE || last === undefined) throw misfit();
  const parent = legs.reduce(step, root);
  if (operation === OPERATION.REMOVE) return remove(parent, last);
  const length = cursor.lengthEncoded();
  const start = cursor.position;
  cursor.skip(length);
  const value = nodeOf({ source: cursor.source, start, end: cursor.position });
  if (operation === OPERATION.INSERT) insert(parent, last, value);
  else parent.values[placeOf(parent, last)] = value;
}

function nodeOf({ source, start, end }: ValueBytes): JsonNode {
  if (start >= end) throw misfit();
  return new JsonNode(source, source[start]!, start + 1, end);
}

function step(node: JsonNode, leg: PathLeg): JsonNode {
  return node.values[placeOf(node, leg)]!;
}

/** The place of something that must be there. */
function placeOf(node: JsonNode, leg: PathLeg): number {
  if ('name' in leg) {
    const place = node.isObject ? node.find(leg.name) : -1;
    if (place < 0) throw misfit();
    return place;
  }
  if (!node.isArray) throw misfit();
  const count = node.values.length;
  if (leg.index >= count) throw misfit();
  return leg.fromEnd ? count - 1 - leg.index : leg.index;
}

/** In an array before the cell; beyond its ends as the first or the last one. */
function insert(parent: JsonNode, leg: PathLeg, value: JsonNode): void {
  if ('name' in leg) {
    if (!parent.isObject) throw misfit();
    const found = parent.find(leg.name);
    if (found >= 0) throw misfit();
    return parent.insertMember(-1 - found, leg.name, value);
  }
  if (!parent.isArray) throw misfit();
  const count = parent.values.length;
  const place = leg.fromEnd ? Math.max(count - 1 - leg.index, 0) : Math.min(leg.index, count);
  parent.values.splice(place, 0, value);
}

function remove(parent: JsonNode, leg: PathLeg): void {
  const place = placeOf(parent, leg);
  if (parent.isObject) parent.removeMember(place);
  else parent.values.splice(place, 1);
}

function misfit(): BinlogError {
  return new BinlogError('VALUE_INVALID', 'a JSON difference does not fit the value before it');
}
