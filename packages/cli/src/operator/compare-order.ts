import type {
  CompareProgress,
  KeptPlace,
  RunningFindings,
  RunningOptions,
  RunningPlace,
} from '@sluice/compare';
import type { TablePlan } from '@sluice/ops-api';
import type { SluiceConfig } from '@sluice/runtime';
import { selectionOf } from '@sluice/sink-kit/selection';
import { CommandFailed } from './command-failed.ts';
import type { ComparedPipeline } from './compared-pipeline.ts';
import { importCompare } from './optional-packages.ts';
import type { OptionValues } from './option-values.ts';
import { publishedTable } from './running-pipeline.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_ROWS_PER_SECOND = 10_000;
/** Of one that never ends. */
const CONTINUOUS_ROWS_PER_SECOND = 1000;
const ROWS_MAX = 10_000_000;

/** What is compared, and how fast. */
export interface CompareOrder {
  readonly sinks: Readonly<Record<string, object>>;
  readonly takes: RunningOptions['takes'];
  readonly keys: readonly [from: string, to: string] | null;
  readonly where: string | null;
  readonly sample: number | null;
  readonly rowsPerSecond: number;
}

/** Throws UsageError. */
export function compareOrder(config: SluiceConfig, values: OptionValues): CompareOrder {
  const sinks = sinksOf(config, values);
  return {
    sinks,
    takes: sinkTakes(config, Object.keys(sinks)),
    keys: keysOf(values),
    where: values.text('where') ?? null,
    sample: values.wholeNumber('sample', 1, ROWS_MAX) ?? null,
    rowsPerSecond:
      values.wholeNumber('rows-per-second', 1, ROWS_MAX) ??
      (values.flag('continuous') ? CONTINUOUS_ROWS_PER_SECOND : DEFAULT_ROWS_PER_SECOND),
  };
}

/** Who is told of a comparison while it runs, and where it continues. */
export interface CompareCourse {
  readonly onProgress: (progress: CompareProgress) => void;
  readonly from: RunningPlace | null;
  readonly keep: KeptPlace | null;
}

/** Throws UsageError for keys that are none of the table's, CommandFailed where it cannot go on. */
export async function compareTables(
  { server, conditionSql, applied, signal }: ComparedPipeline,
  plans: readonly TablePlan[],
  { sinks, takes, keys, where, sample, rowsPerSecond }: CompareOrder,
  { onProgress, from, keep }: CompareCourse,
): Promise<RunningFindings> {
  const { compareRunning, PlaceRefused } = await importCompare(() => import('@sluice/compare'));
  const throwReason = (error: unknown): never => {
    if (error instanceof RangeError) throw new UsageError(`--keys: ${error.message}`, { cause: error });
    if (error instanceof PlaceRefused)
      throw new CommandFailed(`--resume: ${error.message}; begin again without --resume`, { cause: error });
    throw error;
  };
  return compareRunning({
    source: server,
    tables: plans.map(publishedTable),
    sinks,
    takes,
    scope: { condition: (table) => (where === null ? null : conditionSql(table, where)), keys, sample },
    rowsPerSecond,
    applied,
    onProgress,
    signal,
    from,
    keep,
  }).catch(throwReason);
}

export function sinksOf(config: SluiceConfig, values: OptionValues): Readonly<Record<string, object>> {
  const named = values.texts('sink');
  const unknown = named.find((name) => !Object.hasOwn(config.sinks, name));
  const known = Object.keys(config.sinks).join(', ');
  if (unknown !== undefined) throw new UsageError(`--sink is "${unknown}", but the file has: ${known}`);
  if (known === '') throw new CommandFailed('the file has no sinks to compare with');
  const chosen = Object.entries(config.sinks).filter(([name]) => named.length === 0 || named.includes(name));
  return Object.fromEntries(chosen.map(([name, section]) => [name, section as object]));
}

/** Whether a sink takes a table, and if so, why it need not have its rows as they are. */
function sinkTakes(config: SluiceConfig, names: readonly string[]): RunningOptions['takes'] {
  const selections = new Map(names.map((name) => [name, selectionOf(config, name)]));
  return (sink, { database, table }) => {
    const selection = selections.get(sink);
    if (selection?.takesTable(database, table) === false) return false;
    return selection?.takesAllOperations === false
      ? `\`operations\` of the sink leaves some out: it need not have the rows as they are`
      : true;
  };
}

function keysOf(values: OptionValues): readonly [string, string] | null {
  const text = values.text('keys');
  if (text === undefined) return null;
  const [from = '', to, ...more] = text.split('..');
  if (to === undefined || more.length > 0 || from + to === '')
    throw new UsageError(`--keys is "${text}", but must be FROM..TO, such as 1..1000, 1000.. or ..1000`);
  return [from, to];
}
