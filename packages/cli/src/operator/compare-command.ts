import { writeFile } from 'node:fs/promises';
import type { CompareReport, RunningOptions } from '@sluice/compare';
import { VERSION, type SluiceConfig } from '@sluice/runtime';
import { selectionOf } from '@sluice/sink-kit/selection';
import { importCompare } from './optional-packages.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, Done, PipelineCommand } from './command.ts';
import { progressLine } from './compare-progress.ts';
import { HEADINGS, ndjsonOf, remarksOf, rowsOf } from './compare-text.ts';
import type { OptionValues } from './option-values.ts';
import { publishedTable, tablesOf, withRunningPipeline } from './running-pipeline.ts';
import { show, type Screen } from './screen.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_ROWS_PER_SECOND = 10_000;
const ROWS_MAX = 10_000_000;
/** Only who runs the command may read what it writes of rows. */
const OWN_FILE = 0o600;

export const compareCommand: PipelineCommand = {
  name: 'compare',
  operands: 'TABLE…',
  options: ['sink', 'where', 'keys', 'sample', 'rows-per-second', 'output-file'],
  several: ['sink'],
  formats: ['ndjson'],
  exits: '3 the sinks differ',
  help: 'compare rows of the source with the sinks while the pipeline runs; changes nothing',
  connects: 'everything',
  run: compare,
};

/** `different` when a sink is; false when a row could not be settled or a table not be compared. */
async function compare(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<Done> {
  const { values, output } = line;
  const sinks = sinksOf(config, values);
  const keys = keysOf(values);
  const where = values.text('where') ?? null;
  const sample = values.wholeNumber('sample', 1, ROWS_MAX) ?? null;
  const rowsPerSecond = values.wholeNumber('rows-per-second', 1, ROWS_MAX) ?? DEFAULT_ROWS_PER_SECOND;
  const { compareReportSchema, compareRunning, REPORT_VERSION } = await importCompare(
    () => import('@sluice/compare'),
  );
  const progress = progressLine(process.stderr);
  return withRunningPipeline(config, async ({ pipeline, applied, signal }) => {
    const plans = tablesOf(pipeline.tables, line.operands);
    const { file, position, gtidSet } = await pipeline.position();
    const startedAt = new Date().toISOString();
    const findings = await compareRunning({
      source: pipeline.server,
      tables: plans.map(publishedTable),
      sinks,
      takes: sinkTakes(config, Object.keys(sinks)),
      scope: {
        condition: (table) => (where === null ? null : pipeline.conditionSql(table, where)),
        keys,
        sample,
      },
      rowsPerSecond,
      applied,
      onProgress: progress.show,
      signal,
    }).catch(throwReason);
    progress.end();
    const report = compareReportSchema.parse({
      report: 'compare',
      version: REPORT_VERSION,
      sluice: VERSION,
      pipeline: config.pipeline,
      startedAt,
      endedAt: new Date().toISOString(),
      position: { file, position, gtidSet },
      scope: { where, keys: keys === null ? null : keys.join('..'), sample },
      ...findings,
    });
    await tell(report, values.text('output-file'), output, screen);
    return report.result === 'different' ? 'different' : report.result === 'equal';
  }).finally(progress.end);
}

function throwReason(error: unknown): never {
  if (error instanceof RangeError) throw new UsageError(`--keys: ${error.message}`, { cause: error });
  throw error;
}

async function tell(
  report: CompareReport,
  file: string | undefined,
  output: CommandLine['output'],
  screen: Screen,
): Promise<void> {
  if (file !== undefined) {
    const text = output === 'ndjson' ? ndjsonOf(report) : `${JSON.stringify(report, null, 2)}\n`;
    await writeFile(file, text, { mode: OWN_FILE }).catch((error: unknown) => {
      throw new CommandFailed(`--output-file: ${file} cannot be written`, { cause: error });
    });
  }
  if (output === 'ndjson') screen.output.write(ndjsonOf(report));
  else show(screen, report, HEADINGS, rowsOf(report));
  for (const remark of remarksOf(report)) screen.say(remark);
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
