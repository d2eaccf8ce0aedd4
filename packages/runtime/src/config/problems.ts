import type { z } from 'zod';
import { PipelineError } from '../errors.ts';
import { looksSecret, redactUrl } from './secrets.ts';
import { describeSetting, nearest, settingNames, type PathPart } from './shape.ts';

/** One wrong setting. `found` never holds a secret. */
export interface ConfigProblem {
  /** Where in the file, e.g. `source.tables[0]`. */
  readonly path: string;
  readonly found: string;
  readonly fix: string;
}

/** `['source', 'keys', 'shop.log', 0]` → `source.keys["shop.log"][0]`. */
export function formatPath(path: readonly PathPart[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z0-9_-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** One error for all problems; `where` names the file or section. */
export function configError(where: string, problems: readonly ConfigProblem[]): PipelineError {
  const lines = problems.map(({ path, found, fix }) => `  ${path}: found ${found}; ${fix}`);
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new PipelineError('CONFIG_INVALID', `${count} in ${where}:\n${lines.join('\n')}`, {
    context: { problems: problems.length, where },
  });
}

/** What the schema's refusals mean to the person who wrote the file. `prefix` is the path of `value` in it. */
export function problemsOf(
  error: z.ZodError,
  schema: z.ZodType,
  value: unknown,
  prefix: readonly PathPart[] = [],
  origins: ReadonlyMap<string, string> = new Map(),
): ConfigProblem[] {
  return error.issues.flatMap(closestForm).flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownSetting([...prefix, ...path], key, settingNames(schema, path)));
    }
    const at = formatPath([...prefix, ...path]);
    const found = origins.get(at) ?? describeFound(path, valueAt(value, path));
    const description = describeSetting(schema, path);
    return [
      { path: at, found, fix: `${expectation(issue)}${description === '' ? '' : ` (${description})`}` },
    ];
  });
}

/** Of a setting that may have several forms, the problems of the form that it comes closest to. */
function closestForm(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const [closest] = [...issue.errors].sort((left, right) => left.length - right.length);
  if (closest === undefined || closest.length === 0) return [issue];
  return closest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(closestForm);
}

function unknownSetting(parent: readonly PathPart[], key: string, known: readonly string[]): ConfigProblem {
  const close = nearest(key, known);
  const hint = close === undefined ? `known here: ${known.join(', ')}` : `did you mean \`${close}\`?`;
  return { path: formatPath([...parent, key]), found: 'an unknown setting', fix: `remove it, or: ${hint}` };
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'must not be empty'
        : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_key':
      return `the name ${issue.issues.map((inner) => inner.message).join(', ')}`;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section of settings',
  record: 'a section of names',
};

function describeFound(path: readonly PathPart[], value: unknown): string {
  if (value === undefined) return 'nothing';
  if (path.some((part) => typeof part === 'string' && looksSecret(part))) return '***';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a section';
  // The one word that stands for a login where a section is asked for.
  if (path.at(-1) === 'auth') return 'a text';
  const text = JSON.stringify(typeof value === 'string' ? redactUrl(value) : value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function valueAt(value: unknown, path: readonly PathPart[]): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<string, unknown>)[String(part)]
        : undefined,
    value,
  );
}
