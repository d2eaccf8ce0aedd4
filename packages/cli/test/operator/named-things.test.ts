import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorEntry, ERRORS, type ErrorCode } from '@sluice/runtime';
import { configJsonSchema, type SettingSchema } from '@sluice/runtime/reference';
import { sinkErrorCodes, sinkSchemas } from '@sluice/sink-kit/installed';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/operator/commands.ts';
import { COMMON_OPTIONS, OPTIONS } from '../../src/operator/options.ts';

/** Whatever a fix, a message or a page names must be there. */

const ROOT = join(import.meta.dirname, '../../../..');
const pages = globSync(['*.md', 'docs/**/*.md', '{packages,services,infra}/*/README.md'], {
  cwd: ROOT,
}).sort();
const sources = globSync('{packages,services}/*/src/**/*.ts', { cwd: ROOT }).sort();
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const files = [...pages, ...sources].map((file) => [file, textOf(file)] as const);
const codes = [...(Object.keys(ERRORS) as ErrorCode[]), ...(await sinkErrorCodes())];
const fixes = codes.map((code) => [code, errorEntry(code).fix] as const);

/** A command line as it is written: behind a backtick, a prompt, or at the begin of a line of code. */
const COMMAND = /(?:`|^ *(?:npx )?|npx |npm run -s )sluice +(?:-- +)?([a-z][a-z-]*)((?: +[^`'"|\n]+)?)/gmu;
const GLOBAL = new Set<string>(COMMON_OPTIONS);
const names = COMMANDS.map(({ name }) => name);
const nouns = new Set(names.map((name) => name.split(' ')[0] ?? ''));

/** What is wrong with a command line; null when there is such a command with such options. */
function problemOf(noun: string, rest: string): string | null {
  if (!nouns.has(noun)) return `there is no command sluice ${noun}`;
  const [verb = ''] = rest.trim().split(/[\s…\\]+/u);
  const ofNoun = names.filter((name) => name === noun || name.startsWith(`${noun} `));
  const found =
    ofNoun.find((name) => name === `${noun} ${verb}`) ??
    ofNoun.find((name) => name === noun || name.endsWith('NAME'));
  if (found === undefined) return /^[a-z]/u.test(verb) ? `there is no command sluice ${noun} ${verb}` : null;
  const allowed: readonly string[] = COMMANDS.find(({ name }) => name === found)?.options ?? [];
  const given = [...rest.matchAll(/--([a-z-]+)/gu)].map(([, option = '']) => option);
  const unknown = given.find((option) => !allowed.includes(option) && !GLOBAL.has(option));
  return unknown === undefined ? null : `sluice ${found} has no option --${unknown}`;
}

test.each([
  ['cure', '', 'there is no command sluice cure'],
  ['sink', ' rewind --to beginning --accept-gap', null],
  ['sink', ' redis', null],
  ['dlq', ' burn', 'there is no command sluice dlq burn'],
  ['snapshot', ' start --table a.b --force', 'sluice snapshot start has no option --force'],
  ['capture', ' --accept lost-checkpoint', null],
])('this test knows a command from none: sluice %s%s', (noun, rest, problem) => {
  expect(problemOf(noun, rest)).toBe(problem);
});

test('every command that is named is one, with the options that it is named with', () => {
  const wrong = [...files, ...fixes].flatMap(([where, text]) =>
    [...text.matchAll(COMMAND)].flatMap(([, noun = '', rest = '']) => {
      const problem = problemOf(noun, rest);
      return problem === null ? [] : [`${where}: ${problem}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('every option that a fix names is one', () => {
  const wrong = fixes.flatMap(([code, fix]) =>
    [...fix.matchAll(/--([a-z][a-z-]+)/gu)].flatMap(([, option = '']) =>
      Object.hasOwn(OPTIONS, option) ? [] : [`${code}: --${option}`],
    ),
  );
  expect(wrong).toEqual([]);
});

describe('settings', async () => {
  const root = configJsonSchema(await sinkSchemas());
  const sections = Object.keys(root.properties ?? {}).join('|');
  const NAMED = new RegExp(`(?<![\\w./<{-])(?:${sections})(?:\\.[a-z][A-Za-z]*)+(?![\\w(-])`, 'gu');
  const events = new Set(
    sources.flatMap((file) => [...textOf(file).matchAll(/event: '([^']+)'/gu)].map(([, name]) => name)),
  );

  const exists = (path: readonly string[], schema: SettingSchema | undefined = root): boolean => {
    const [name, ...rest] = path;
    if (name === undefined) return true;
    if (schema === undefined) return false;
    if (schema.anyOf?.some((one) => exists(path, one)) === true) return true;
    const inner = schema.properties?.[name] ?? schema.additionalProperties;
    return typeof inner === 'object' ? exists(rest, inner) : inner === true;
  };

  test('every setting that a fix or a page names is one', () => {
    // A `source` of another kind: the field of every record.
    const others = pages.filter((file) => file !== 'docs/envelope.md');
    const named = [...others.map((file) => [file, textOf(file)] as const), ...fixes];
    const wrong = named.flatMap(([where, text]) =>
      [...text.matchAll(NAMED)].flatMap(([name]) => {
        if (/\.(?:ts|md|json|yaml|mjs)$/u.test(name) || events.has(name)) return [];
        return exists(name.split('.')) ? [] : [`${where}: ${name}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

test('every address of the ops ports that a fix or a page names is served', () => {
  const served = sources.flatMap((file) => [
    ...[...textOf(file).matchAll(/(?:path|aliases): .+/gu)].flatMap(([line]) =>
      [...line.matchAll(/['`]([^'`]+)['`]/gu)].map(([, path = '']) => path),
    ),
    ...[...textOf(file).matchAll(/probe\('([^']+)'/gu)].map(([, path = '']) => path),
  ]);
  // Others are paths of files and of requests to stores.
  const own = served.filter((path) => /^\/(?:[\w/:.-]|\$\{\w+\})+$/u.test(path));
  const patterns = [...own, '/metrics'].map(
    (path) => new RegExp(`^${path.replaceAll(/:\w+|\$\{\w+\}/gu, '[^/]+')}$`, 'u'),
  );
  const named = [...pages.map((file) => [file, textOf(file)] as const), ...fixes];
  const wrong = named.flatMap(([where, text]) =>
    [
      ...text.matchAll(/`(?:GET |POST )?(\/(?:api|dlq|tables|status|health|readyz|livez|metrics)[^`\s]*)`/gu),
    ].flatMap(([, path = '']) =>
      patterns.some((pattern) => pattern.test(path)) ? [] : [`${where}: ${path}`],
    ),
  );
  expect(wrong).toEqual([]);
});
