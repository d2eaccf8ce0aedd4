/** SQL literals of the key columns, in key order. */
export type KeyLiterals = readonly string[];

/** Rows behind one key, up to another one and with it; null: from the first row, or to the last. */
export interface KeyRange {
  readonly after: KeyLiterals | null;
  readonly upTo: KeyLiterals | null;
}

/** SQL for the rows of the range. `names`: the quoted key columns, in key order. */
export function rangeSql(names: readonly string[], { after, upTo }: KeyRange): string {
  // What both ends begin with is an equality: so the index is read from end to end of the range, and not beyond.
  const same = after !== null && upTo !== null ? sharedPlaces(after, upTo) : 0;
  const fixed = names.slice(0, same).map((name, at) => `${name} = ${after?.[at]}`);
  const rest = names.slice(same);
  const terms = [
    ...fixed,
    ...(after === null ? [] : bound(rest, after.slice(same), '>')),
    ...(upTo === null ? [] : bound(rest, upTo.slice(same), '<')),
  ];
  return terms.length === 0 ? 'TRUE' : terms.join(' AND ');
}

function sharedPlaces(one: KeyLiterals, other: KeyLiterals): number {
  const place = one.findIndex((literal, at) => literal !== other[at]);
  return place === -1 ? Math.max(0, one.length - 1) : place;
}

/** `a >= 1 AND ((a > 1) OR (a = 1 AND b > 2))`; downwards the key itself belongs to it. */
function bound(names: readonly string[], key: KeyLiterals, way: '>' | '<'): string[] {
  const last = way === '>' ? '>' : '<=';
  if (names.length === 1) return [`${names[0]} ${last} ${key[0]}`];
  const branches = names.map((name, place) => {
    const equal = names.slice(0, place).map((before, at) => `${before} = ${key[at]}`);
    const sign = place === names.length - 1 ? last : way;
    return `(${[...equal, `${name} ${sign} ${key[place]}`].join(' AND ')})`;
  });
  return [`${names[0]} ${way}= ${key[0]}`, `(${branches.join(' OR ')})`];
}
