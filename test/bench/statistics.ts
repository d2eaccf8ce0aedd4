/** The value that the share `q` of the values does not exceed (nearest rank); NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle one, of an even number the lower of the two: always a value that was measured. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Field by field, over objects of numbers with the same fields. */
export function medianOf<T extends object>(results: readonly T[]): T {
  const [first] = results;
  if (first === undefined) throw new Error('no results to take the median of');
  const names = Object.keys(first) as (keyof T)[];
  const middle = names.map((name) => [name, median(results.map((result) => Number(result[name])))]);
  return Object.fromEntries(middle) as T;
}

/** To `digits` significant digits, for reports. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
