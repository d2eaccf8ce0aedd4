import { readFileSync } from 'node:fs';
import { formatPath, type ConfigProblem } from './problems.ts';
import { commandWords } from '../command-output.ts';
import { markSecret, withoutLineBreak } from './secret-text.ts';
import { looksSecret } from './secrets.ts';
import type { PathPart } from './shape.ts';

export interface Interpolation {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Filled with what could not be replaced. */
  readonly problems: ConfigProblem[];
  /** Filled with the text as written for each setting that changed, so that no message shows what came in. */
  readonly origins: Map<string, string>;
  /** True for settings that the caller does not use: what is not set there is no problem, and no file is read. Default: none. */
  readonly isUnused?: ((path: readonly PathPart[]) => boolean) | undefined;
}

const FILE = 'file:';
const COMMAND = 'command:';
/** A value that is nothing else. */
const WHOLE = /^\$\{((?:file|command):[^}]*)\}$/;
/** Stands for what is not set where nobody uses it; never written anywhere, and no secret of anyone. */
const NOT_SET = 'not-set';

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` inside the strings of a parsed YAML value; `$${` is a
 * literal `${`. A variable that is unset or empty takes its default. Keys are never touched. A secret that is `${file:…}` or `${command:…}` and
 * nothing else becomes a mark (`secret-text.ts`): whoever has its schema knows whether it is read again.
 */
export function interpolate(value: unknown, into: Interpolation, path: readonly PathPart[] = []): unknown {
  if (typeof value === 'string') return interpolateText(value, into, path);
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, into, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, interpolate(inner, into, [...path, name])]),
  );
}

function interpolateText(text: string, into: Interpolation, path: readonly PathPart[]): string {
  if (!text.includes('${')) return text;
  const at = formatPath(path);
  into.origins.set(at, JSON.stringify(text));
  const isSecret = WHOLE.test(text) && looksSecret(String(path.at(-1)));
  return text.replace(/\$(\$\{)|\$\{([^}]*)\}/g, (whole: string, escaped?: string, expression?: string) => {
    if (escaped !== undefined) return escaped;
    const isUnused = into.isUnused?.(path) === true;
    if (isUnused && /^(?:file|command):/.test(expression ?? '')) return NOT_SET;
    const replacement = resolve(expression ?? '', into.env, isSecret);
    if (typeof replacement === 'string') return isSecret ? markSecret(expression ?? '', at) : replacement;
    if (isUnused) return NOT_SET;
    into.problems.push({ path: at, found: whole, fix: replacement.fix });
    return whole;
  });
}

function resolve(expression: string, env: Interpolation['env'], isSecret: boolean): string | { fix: string } {
  if (expression.startsWith(FILE)) return readSecretFile(expression.slice(FILE.length));
  if (expression.startsWith(COMMAND)) {
    if (!isSecret) return { fix: 'a command can only be the whole of a password, a token or a key' };
    const words = commandWords(expression.slice(COMMAND.length));
    return words === null ? { fix: 'write ${command:PROGRAM ARGUMENTS}, and close each quote' } : '';
  }
  const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/.exec(expression);
  const name = parts?.[1];
  if (name === undefined) {
    return {
      fix: 'write ${NAME}, ${NAME:-default}, ${file:/path} or ${command:PROGRAM}; a literal ${ is written $${',
    };
  }
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  return (
    parts?.[2] ?? value ?? { fix: `set the environment variable ${name}, or give a default: \${${name}:-…}` }
  );
}

export function readSecretFile(path: string): string | { fix: string } {
  try {
    return withoutLineBreak(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return { fix: `make the file readable (reading it gave ${code})` };
  }
}
