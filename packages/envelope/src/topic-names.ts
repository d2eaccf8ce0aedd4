/*
 * How names of databases and tables are written in names of topics: what Kafka does not allow there, and the dot, which
 * separates, become `_xHHHH_` (UTF-16 code unit). Two different names never look alike.
 */

export const INTERNAL = 'sluice';
export const DEAD_LETTERS = 'dlq';

/** Whether Sluice's own topics have this in front, behind the prefix. */
export function isReserved(part: string): boolean {
  return part === INTERNAL || part === DEAD_LETTERS;
}

export function escapeName(name: string): string {
  return name.replace(/_(?=x[0-9a-f]{4})|[^A-Za-z0-9_-]/g, escapeUnit);
}

/** So a database called `sluice` or `dlq` is not taken for Sluice's own topics. */
export function escapeFirst(name: string): string {
  return escapeUnit(name.charAt(0)) + escapeName(name.slice(1));
}

export function unescapeName(name: string): string {
  return name.replace(/_x([0-9a-f]{4})_/g, (_, unit: string) =>
    String.fromCharCode(Number.parseInt(unit, 16)),
  );
}

function escapeUnit(unit: string): string {
  return `_x${unit.charCodeAt(0).toString(16).padStart(4, '0')}_`;
}
