import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument, visit } from 'yaml';
import { PipelineError } from '../errors.ts';
import { coerce, READ_ONCE } from './coerce.ts';
import { applyEnvironment } from './environment.ts';
import { interpolate } from './interpolate.ts';
import { configError, problemsOf, type ConfigProblem } from './problems.ts';
import type { PathPart } from './shape.ts';
import { resolveDefaults, sluiceSchema, type SluiceConfig } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The file that a process reads: `--config FILE`, else `SLUICE_CONFIG`, else `sluice.yaml` in the working directory.
 * Throws CONFIG_INVALID when `--config` has no value.
 */
export function configPath(argv: readonly string[], env: Environment): string {
  const index = argv.findIndex((argument) => argument === '--config' || argument.startsWith('--config='));
  const flag = argv[index];
  if (flag === undefined) return env['SLUICE_CONFIG'] || 'sluice.yaml';
  const value = flag === '--config' ? argv[index + 1] : flag.slice('--config='.length);
  if (value === undefined || value === '')
    throw new PipelineError('CONFIG_INVALID', '--config needs the name of a file');
  return value;
}

/**
 * Reads and checks `sluice.yaml`. Throws one CONFIG_INVALID that lists every problem of the file at once.
 * @param isUnused true for settings that the caller does not use: variables and files that are named there may be missing
 */
export function loadConfig(
  path: string,
  env: Environment,
  isUnused?: (path: readonly PathPart[]) => boolean,
): SluiceConfig {
  return parseConfig(readText(path), env, path, isUnused);
}

/** As `loadConfig`, from the text of the file; `where` names it in messages. */
export function parseConfig(
  text: string,
  env: Environment,
  where = 'sluice.yaml',
  isUnused?: (path: readonly PathPart[]) => boolean,
): SluiceConfig {
  const problems: ConfigProblem[] = [];
  const origins = new Map<string, string>();
  const root = interpolate(parseYaml(text, where), { env, problems, origins, isUnused });
  if (!isSection(root)) throw configError(where, [NOT_A_SECTION]);
  applyEnvironment(root, sluiceSchema, env, problems, origins);
  const candidate = coerce(root, sluiceSchema);
  const result = sluiceSchema.safeParse(candidate, READ_ONCE);
  if (!result.success) {
    const already = new Set(problems.map((problem) => problem.path));
    const more = problemsOf(result.error, sluiceSchema, candidate, [], origins);
    problems.push(...more.filter((problem) => !already.has(problem.path)));
  }
  if (problems.length > 0 || !result.success) throw configError(where, problems);
  return resolveDefaults(result.data);
}

/** What a wrong indentation comes to, in the words of the YAML library. */
const INDENTATION: ReadonlySet<string> = new Set([
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'MULTILINE_IMPLICIT_KEY',
]);

/**
 * The sections of `sinks` of a file whose other settings may be wrong, to look for what is wrong in them too; only those that are
 * sections. Throws CONFIG_INVALID where the file cannot be read or is no YAML.
 */
export function sinkSections(path: string, env: Environment): SluiceConfig['sinks'] {
  const root = interpolate(parseYaml(readText(path), path), { env, problems: [], origins: new Map() });
  if (!isSection(root)) return {};
  applyEnvironment(root, sluiceSchema, env, [], new Map());
  const { sinks } = root;
  if (!isSection(sinks)) return {};
  return Object.fromEntries(
    Object.entries(sinks).flatMap(([name, section]) => (isSection(section) ? [[name, section]] : [])),
  );
}

const NOT_A_SECTION: ConfigProblem = {
  path: '(file)',
  found: 'no settings',
  fix: 'begin with `pipeline: <name>`, then `source:` and `kafka:`',
};

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `cannot read the configuration file ${path}: name it by --config FILE or SLUICE_CONFIG`,
      { cause: error, context: { file: path } },
    );
  }
}

/** @throws CONFIG_INVALID, which never quotes the file: what stands at a mistake may be a secret */
function parseYaml(text: string, where: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const hint = INDENTATION.has(error.code) ? '; look at the indentation of this line and of the next' : '';
    throw notYaml(where, lineCounter.linePos(error.pos[0]), `${error.message}${hint}`);
  }
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      const place = lineCounter.linePos(alias.range?.[0] ?? 0);
      throw notYaml(where, place, 'a value that begins with * names an anchor that is not there; quote it');
    },
  });
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases of aliases that would unfold without end: the library counts them only here.
    throw new PipelineError(
      'CONFIG_INVALID',
      `${where} has more aliases (*name) than it may: write the values`,
      {
        cause,
        context: { where },
      },
    );
  }
}

function notYaml(where: string, { line, col }: { line: number; col: number }, what: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', `${where} is not YAML at line ${line}, column ${col}: ${what}`, {
    context: { where, line, column: col },
  });
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
