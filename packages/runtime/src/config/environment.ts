import { formatPath, type ConfigProblem } from './problems.ts';
import { childOf, nearest, settingNames, type PathPart } from './shape.ts';
import type { z } from 'zod';

const PREFIX = 'SLUICE__';

/** `serverId` → `SERVER_ID`, `shop.orders` → `SHOP_ORDERS`. */
export function environmentName(setting: string): string {
  return setting
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
}

/** The variable that overrides the setting at `path`, e.g. `SLUICE__SOURCE__SERVER_ID`. */
export function environmentVariable(path: readonly string[]): string {
  return PREFIX + path.map(environmentName).join('__');
}

/**
 * Puts the values of `SLUICE__…` variables over those of the file. A variable that names no setting is a
 * problem: a misspelt override that is silently ignored is worse than none.
 */
export function applyEnvironment(
  root: Record<string, unknown>,
  schema: z.ZodType,
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
  origins: Map<string, string>,
): void {
  for (const [variable, value] of Object.entries(env).sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (!variable.startsWith(PREFIX) || value === undefined) continue;
    const path = resolvePath(variable.slice(PREFIX.length).split('__'), root, schema);
    if ('unknown' in path) {
      problems.push({ path: variable, found: 'a variable that names no setting', fix: path.unknown });
      continue;
    }
    place(root, path.names, value);
    origins.set(formatPath(path.names), `the value of ${variable}`);
  }
}

type Resolved = { readonly names: readonly string[] } | { readonly unknown: string };

function resolvePath(
  segments: readonly string[],
  root: Record<string, unknown>,
  schema: z.ZodType,
): Resolved {
  const names: string[] = [];
  let node: z.core.$ZodType | undefined = schema;
  let value: unknown = root;
  for (const segment of segments) {
    const known = node === undefined ? [] : settingNames(node, []);
    const candidates = [...known, ...(isSection(value) ? Object.keys(value) : [])];
    const name = candidates.find((candidate) => environmentName(candidate) === segment);
    if (name === undefined && (known.length > 0 || segment === ''))
      return { unknown: suggestion(names, segment, known) };
    names.push(name ?? camelCase(segment));
    const last: string = names[names.length - 1] ?? '';
    node = node === undefined ? undefined : childOf(node, last);
    value = isSection(value) ? value[last] : undefined;
  }
  return { names };
}

function suggestion(names: readonly string[], segment: string, known: readonly string[]): string {
  const close = nearest(segment, known.map(environmentName));
  const setting = known.find((candidate) => environmentName(candidate) === close);
  if (setting === undefined) return 'unset it, or correct its name';
  return `did you mean ${environmentVariable([...names, setting])}?`;
}

/** `BATCH_RECORDS` → `batchRecords`: for settings that only the sink's own schema knows. */
function camelCase(segment: string): string {
  return segment.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function place(root: Record<string, unknown>, path: readonly PathPart[], value: string): void {
  let section = root;
  for (const part of path.slice(0, -1)) {
    const inner = section[part];
    const next = isSection(inner) ? inner : {};
    section[part] = next;
    section = next;
  }
  section[String(path[path.length - 1])] = value;
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
