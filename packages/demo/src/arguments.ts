import { parseArgs } from 'node:util';

export type SourceFlavour = 'mysql' | 'mariadb';

export type StartCommand =
  | { readonly kind: 'demo'; readonly seed: number; readonly source: SourceFlavour }
  | {
      readonly kind: 'check';
      readonly seed: number;
      readonly source: SourceFlavour;
      readonly changes: number;
    }
  | { readonly kind: 'config'; readonly file: string }
  | { readonly kind: 'help' };

/** A command line that cannot be understood; the message is one line for the user. */
export class UsageError extends Error {}

export const USAGE = `npm start                          the demo: servers, a sample shop, the pipeline, a live view
npm start -- --check               a bounded run that ends by comparing every row; exit code 0 when all are equal
npm start -- --config FILE         the pipeline of this sluice.yaml, against servers of your own

  --seed N            data and workload of this seed (default: a random one, printed)
  --source FLAVOUR    mysql (default) or mariadb, for the demo and the check
  --changes N         row changes of the check (default 20000)
  --help              this text
`;

const DEFAULT_CHANGES = 20_000;
const MOST_CHANGES = 100_000_000;
const LARGEST_SEED = 2 ** 31 - 1;

const OPTIONS = {
  check: { type: 'boolean' },
  config: { type: 'string' },
  seed: { type: 'string' },
  source: { type: 'string' },
  changes: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * @param randomSeed used when `--seed` is not given
 * Throws UsageError.
 */
export function parseArguments(args: readonly string[], randomSeed: number): StartCommand {
  const values = parse(args);
  if (values.help === true) return { kind: 'help' };
  if (values.config !== undefined) {
    refuse(values, ['check', 'seed', 'source', 'changes'], '--config');
    return { kind: 'config', file: values.config };
  }
  const seed = wholeNumber('--seed', values.seed, 0, LARGEST_SEED) ?? randomSeed;
  const source = values.source ?? 'mysql';
  if (source !== 'mysql' && source !== 'mariadb') {
    throw new UsageError(`--source is "${source}", but must be mysql or mariadb`);
  }
  if (values.check !== true) {
    if (values.changes !== undefined) throw new UsageError('--changes goes with --check only');
    return { kind: 'demo', seed, source };
  }
  const changes = wholeNumber('--changes', values.changes, 1, MOST_CHANGES) ?? DEFAULT_CHANGES;
  return { kind: 'check', seed, source, changes };
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

function parse(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // Its first sentence says what is wrong; the rest is advice about quoting.
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function refuse(values: Values, names: readonly (keyof Values)[], option: string): void {
  const given = names.find((name) => values[name] !== undefined);
  if (given !== undefined) throw new UsageError(`--${given} does not go with ${option}`);
}

function wholeNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`${option} is "${text}", but must be a whole number from ${least} to ${most}`);
}
