import type { Tree, Value } from './manifest.ts';

/** One step of RFC 6902. */
export interface PatchStep {
  readonly op: 'add' | 'remove' | 'replace';
  /** JSON Pointer (RFC 6901). */
  readonly path: string;
  readonly value?: Value;
}

/** Steps that make `to` of `from`. Lists of another length are replaced as a whole. */
export function patchOf(from: Value, to: Value, path = ''): readonly PatchStep[] {
  if (isList(from) && isList(to) && from.length === to.length)
    return to.flatMap((value, index) => patchOf(from[index] ?? null, value, `${path}/${index}`));
  if (!isTree(from) || !isTree(to))
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ op: 'replace', path, value: to }];
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return keys.flatMap((key): readonly PatchStep[] => {
    const [before, after] = [from[key], to[key]];
    const place = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (after === undefined) return [{ op: 'remove', path: place }];
    if (before === undefined) return [{ op: 'add', path: place, value: after }];
    return patchOf(before, after, place);
  });
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isTree(value: Value): value is Tree {
  return typeof value === 'object' && value !== null && !isList(value);
}
