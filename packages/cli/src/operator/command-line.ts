import { parseArgs } from 'node:util';
import { UsageError } from '../arguments.ts';
import { COMMANDS, OPTIONS, type CommandName, type OptionName } from './commands-table.ts';
import { parseInstant } from './instant.ts';

export type OutputFormat = 'json' | 'table';

/** A command line as the commands take it. */
export interface CommandLine {
  readonly command: CommandName;
  readonly output: OutputFormat;
  /** `--config`; undefined: SLUICE_CONFIG, then `sluice.yaml`. */
  readonly config: string | undefined;
  /** False: only say what would happen. */
  readonly performs: boolean;
  readonly values: OptionValues;
}

export class OptionValues {
  readonly #texts: Readonly<Record<string, string | boolean | undefined>>;
  readonly #nowMs: number;

  constructor(texts: Readonly<Record<string, string | boolean | undefined>>, nowMs: number) {
    this.#texts = texts;
    this.#nowMs = nowMs;
  }

  flag(name: OptionName): boolean {
    return this.#texts[name] === true;
  }

  text(name: OptionName): string | undefined {
    const value = this.#texts[name];
    return typeof value === 'string' ? value : undefined;
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

/** Null for `--help` and nothing at all. Throws UsageError. */
export function parseCommandLine(args: readonly string[], nowMs: number): CommandLine | null {
  const { values, positionals } = parse(args);
  if (values['help'] === true || positionals.length === 0) return null;
  const command = commandOf(positionals);
  const spec = COMMANDS[command];
  const allowed: readonly string[] = ['output', 'json', 'config', ...spec.options];
  const given = Object.keys(values).find((name) => !allowed.includes(name));
  if (given !== undefined) throw new UsageError(`--${given} does not go with sluice ${command}`);
  const output = values['output'] ?? (values['json'] === true ? 'json' : 'table');
  if (output !== 'json' && output !== 'table')
    throw new UsageError(`--output is "${String(output)}", but must be json or table`);
  const isDry = values['dry-run'];
  if (isDry === true && values['yes'] === true)
    throw new UsageError('--dry-run and --yes contradict each other');
  const config = values['config'];
  return {
    command,
    output,
    config: typeof config === 'string' ? config : undefined,
    performs: isDry === false || values['yes'] === true,
    values: new OptionValues(values, nowMs),
  };
}

function commandOf(positionals: readonly string[]): CommandName {
  const name = positionals.join(' ');
  if (Object.hasOwn(COMMANDS, name)) return name as CommandName;
  const [noun = ''] = positionals;
  const verbs = Object.keys(COMMANDS).filter((known) => known.startsWith(`${noun} `));
  const hint = verbs.length === 0 ? 'see sluice --help' : `known: sluice ${verbs.join(', sluice ')}`;
  throw new UsageError(`there is no command sluice ${name}; ${hint}`);
}

function parse(args: readonly string[]): {
  values: Readonly<Record<string, string | boolean | undefined>>;
  positionals: readonly string[];
} {
  try {
    const parsed = parseArgs({
      args: [...args],
      options: OPTIONS,
      strict: true,
      allowPositionals: true,
      allowNegative: true,
    });
    return { values: parsed.values, positionals: parsed.positionals };
  } catch (error) {
    // Its first sentence says what is wrong; the rest is advice about quoting.
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}
