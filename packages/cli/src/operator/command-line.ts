import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';
import { COMMANDS, OPTIONS, specOf, type CommandName, type OptionName } from './commands-table.ts';
import { parseInstant } from './instant.ts';

export type OutputFormat = 'json' | 'table';

/** What a command line asks for. */
export type Wish =
  | { readonly kind: 'help'; readonly words: readonly string[] }
  | { readonly kind: 'version' }
  | { readonly kind: 'command'; readonly line: CommandLine };

/** A command line as the commands take it. */
export interface CommandLine {
  readonly command: CommandName;
  /** The last word of `sink NAME`; empty otherwise. */
  readonly name: string;
  readonly output: OutputFormat;
  /** `--config`; undefined: SLUICE_CONFIG, then `sluice.yaml`. */
  readonly config: string | undefined;
  /** False: only say what would happen. */
  readonly performs: boolean;
  readonly values: OptionValues;
}

type Values = ReadonlyMap<string, readonly (string | boolean)[]>;

export class OptionValues {
  readonly #values: Values;
  readonly #nowMs: number;

  constructor(values: Values, nowMs: number) {
    this.#values = values;
    this.#nowMs = nowMs;
  }

  flag(name: OptionName): boolean {
    return this.#values.get(name)?.at(-1) === true;
  }

  text(name: OptionName): string | undefined {
    return this.texts(name).at(-1);
  }

  /** As often as it was given. */
  texts(name: OptionName): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === 'string');
  }

  /** Throws UsageError when it was not given. */
  needed(name: OptionName): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw new UsageError(`--${name} is needed`);
    return value;
  }

  wholeNumber(name: OptionName, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new UsageError(`--${name} is "${text}", but must be a whole number from ${least} to ${most}`);
  }

  /** Milliseconds since 1970. */
  instant(name: OptionName): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const instant = parseInstant(text, this.#nowMs);
    if (instant === null) throw new UsageError(`--${name} is "${text}", but must be ${INSTANT_FORMS}`);
    return instant;
  }

  /** Per second; `10/s` or `10`. */
  rate(name: OptionName): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text.replace(/\/s$/, ''));
    if (/^\d+(\/s)?$/.test(text) && number > 0) return number;
    throw new UsageError(`--${name} is "${text}", but must be a number per second, such as 10/s`);
  }
}

export const INSTANT_FORMS = 'a time such as 2026-11-21T09:05:34Z, or how long ago: 90s, 15m, 2h, 3d';

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[], nowMs: number): Wish {
  const { values, positionals } = parse(args);
  if (values.get('version')?.at(-1) === true) return { kind: 'version' };
  if (values.get('help')?.at(-1) === true || positionals.length === 0)
    return { kind: 'help', words: positionals };
  const { command, name } = commandOf(positionals);
  checkOptions(command, values);
  const options = new OptionValues(values, nowMs);
  const output = options.text('output') ?? (options.flag('json') ? 'json' : 'table');
  if (output !== 'json' && output !== 'table')
    throw new UsageError(`--output is "${output}", but must be json or table`);
  const isDry = values.get('dry-run')?.at(-1);
  if (isDry === true && options.flag('yes'))
    throw new UsageError('--dry-run and --yes contradict each other');
  const performs = isDry === false || options.flag('yes');
  const config = options.text('config');
  return { kind: 'command', line: { command, name, output, config, performs, values: options } };
}

/** What is given twice and counts once would be lost without a word. */
function checkOptions(command: CommandName, values: Values): void {
  const { options, several = [] } = specOf(command);
  const allowed: readonly string[] = ['output', 'json', 'config', ...options];
  for (const [name, given] of values) {
    if (!allowed.includes(name)) throw new UsageError(`--${name} does not go with sluice ${command}`);
    if (given.length > 1 && !(several as readonly string[]).includes(name) && typeof given[0] === 'string')
      throw new UsageError(`--${name} may be given once only`);
  }
}

function commandOf(positionals: readonly string[]): { command: CommandName; name: string } {
  const words = positionals.join(' ');
  const [noun = '', name = ''] = positionals;
  if (Object.hasOwn(COMMANDS, words)) return { command: words as CommandName, name: '' };
  if (noun === 'sink' && positionals.length === 2) return { command: 'sink NAME', name };
  const verbs = Object.keys(COMMANDS).filter((known) => known.startsWith(`${noun} `));
  const hint = verbs.length === 0 ? '' : `; known: sluice ${verbs.join(', sluice ')}`;
  throw new UsageError(`there is no command sluice ${words}${hint}`);
}

function parse(args: readonly string[]): { values: Values; positionals: readonly string[] } {
  try {
    const { tokens, positionals } = parseArgs({
      args: [...args],
      options: OPTIONS,
      strict: true,
      allowPositionals: true,
      allowNegative: true,
      tokens: true,
    });
    const values = new Map<string, (string | boolean)[]>();
    for (const token of tokens) {
      if (token.kind !== 'option') continue;
      // `--no-dry-run` comes as the name `no-dry-run`, or as `dry-run` with the raw text.
      const isNegative = token.rawName.startsWith('--no-');
      const name = token.name.replace(/^no-/, '');
      values.set(name, [...(values.get(name) ?? []), token.value ?? !isNegative]);
    }
    return { values, positionals };
  } catch (error) {
    // Its first sentence says what is wrong; the rest is advice about quoting.
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}
