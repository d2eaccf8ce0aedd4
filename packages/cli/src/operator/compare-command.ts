import type { CompareReport } from '@sluice/compare';
import type { TablePlan } from '@sluice/ops-api';
import { VERSION, type SluiceConfig } from '@sluice/runtime';
import { importCompare } from './optional-packages.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, Done, PipelineCommand } from './command.ts';
import { progressLine } from './compare-progress.ts';
import { HEADINGS, ndjsonOf, remarksOf, rowsOf } from './compare-text.ts';
import { compareContinuously, type CompareRound, type ContinuousOptions } from './compare-continuous.ts';
import { compareOrder, compareTables, type CompareOrder } from './compare-order.ts';
import { compareRound, type TableFindings } from './compare-round.ts';
import { hostPort } from './host-port.ts';
import { replaceFile } from './new-files.ts';
import type { OptionValues } from './option-values.ts';
import { UsageError } from './usage-error.ts';
import { withComparedPipeline, type ComparedPipeline } from './compared-pipeline.ts';
import { hasAllRows, reasonOf, tablesOf, unknownTable } from './running-pipeline.ts';
import { show, type Screen } from './screen.ts';

export const compareCommand: PipelineCommand = {
  name: 'compare',
  operands: 'TABLE…',
  options: [
    'sink',
    'where',
    'keys',
    'sample',
    'rows-per-second',
    'output-file',
    'offline',
    'continuous',
    'listen',
  ],
  several: ['sink'],
  formats: ['ndjson'],
  exits: '3 the sinks differ',
  help: 'compare rows of the source with the sinks while the pipeline runs; changes nothing',
  connects: 'everything',
  run: compare,
};

/** `different` when a sink is; false when a row could not be settled or a table not be compared. */
async function compare(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<Done> {
  const { values, output, operands } = line;
  const order = compareOrder(config, values);
  const isOffline = values.flag('offline');
  if (values.flag('continuous')) {
    await compareContinuously(continuousOptions(line, config, order));
    return true;
  }
  const { compareReportSchema, REPORT_VERSION } = await importCompare(() => import('@sluice/compare'));
  const progress = progressLine(process.stderr);
  return withComparedPipeline(config, isOffline, async (compared) => {
    const plans = tablesOf(compared.tables, operands);
    const startedAt = new Date().toISOString();
    const findings = await compareTables(compared, plans, order, progress.show);
    progress.end();
    const { where, keys, sample } = order;
    const report = compareReportSchema.parse({
      report: 'compare',
      version: REPORT_VERSION,
      sluice: VERSION,
      pipeline: config.pipeline,
      offline: isOffline,
      startedAt,
      endedAt: new Date().toISOString(),
      position: compared.position,
      scope: { where, keys: keys === null ? null : keys.join('..'), sample },
      ...findings,
    });
    await tell(report, values.text('output-file'), output, screen);
    return report.result === 'different' ? 'different' : report.result === 'equal';
  }).finally(progress.end);
}

/** Tables are looked for again at each round. */
function continuousOptions(
  { values, operands }: CommandLine,
  config: SluiceConfig,
  order: CompareOrder,
): ContinuousOptions {
  if (values.text('output-file') !== undefined)
    throw new UsageError(
      '--continuous never ends with a report: --output-file is for a comparison of its own',
    );
  const round: CompareRound = (signal, watch) =>
    withComparedPipeline(config, values.flag('offline'), async (compared) => {
      const known = operands.filter((name) => unknownTable(compared.tables, [name]) === null);
      const isNone = operands.length > 0 && known.length === 0;
      const tables = (isNone ? [] : tablesOf(compared.tables, known)).map((plan) => {
        const { database, table } = plan;
        return { database, table, plan, sinks: sinksWithAllRows(plan, order) };
      });
      const compare = ({ plan }: { plan: TablePlan }, sink: string | null) =>
        compareTable(compared, plan, sink === null ? order : only(sink, order));
      await compareRound({ tables, compare, watch, signal: AbortSignal.any([signal, compared.signal]) });
      const unknown = unknownTable(compared.tables, operands);
      if (unknown !== null && !signal.aborted) throw new CommandFailed(unknown);
    });
  return { config, listen: listenOf(values), round, isSampled: order.sample !== null };
}

/** Throws CommandFailed also for what the driver of a store has thrown. */
async function compareTable(
  compared: ComparedPipeline,
  plan: TablePlan,
  order: CompareOrder,
): Promise<TableFindings> {
  const found = await compareTables(compared, [plan], order, () => undefined).catch((error: unknown) => {
    throw reasonOf(error, compared.signal);
  });
  const [table] = found.tables;
  if (table === undefined) throw new Error(`nothing was found of ${plan.table}`);
  return table;
}

const only = (sink: string, order: CompareOrder): CompareOrder => ({
  ...order,
  sinks: { [sink]: order.sinks[sink] ?? {} },
});

/** Those that take a table and leave nothing out of it. */
function sinksWithAllRows(plan: TablePlan, { sinks, takes }: CompareOrder): readonly string[] {
  if (!hasAllRows(plan)) return [];
  return Object.keys(sinks).filter((sink) => takes(sink, plan) === true);
}

function listenOf(values: OptionValues): ContinuousOptions['listen'] {
  const text = values.text('listen') ?? '127.0.0.1:9094';
  const { host, port } = hostPort(text) ?? { host: '', port: null };
  if (port === null)
    throw new UsageError(`--listen is "${text}", but must be HOST:PORT, such as 0.0.0.0:9094`);
  return { host, port };
}

async function tell(
  report: CompareReport,
  file: string | undefined,
  output: CommandLine['output'],
  screen: Screen,
): Promise<void> {
  if (file !== undefined) {
    const text = output === 'ndjson' ? ndjsonOf(report) : `${JSON.stringify(report, null, 2)}\n`;
    await replaceFile(file, text).catch((error: unknown) => {
      throw new CommandFailed(`--output-file: ${file} cannot be written`, { cause: error });
    });
  }
  if (output === 'ndjson') screen.output.write(ndjsonOf(report));
  else show(screen, report, HEADINGS, rowsOf(report));
  for (const remark of remarksOf(report)) screen.say(remark);
}
