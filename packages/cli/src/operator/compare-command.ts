import type { ComparePlace, CompareReport, RunningPlace } from '@sluice/compare';
import type { TablePlan } from '@sluice/ops-api';
import { VERSION, type SluiceConfig } from '@sluice/runtime';
import { importCompare } from './optional-packages.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, Done, PipelineCommand } from './command.ts';
import { PlaceFile, type AskedComparison } from './compare-place.ts';
import { progressLine } from './compare-progress.ts';
import { HEADINGS, ndjsonOf, remarksOf, rowsOf } from './compare-text.ts';
import { Outages, outlasting } from './compare-outages.ts';
import { compareContinuously, type CompareRound, type ContinuousOptions } from './compare-continuous.ts';
import { compareOrder, compareTables, type CompareCourse, type CompareOrder } from './compare-order.ts';
import { compareRound, type TableFindings } from './compare-round.ts';
import { metricsPlace } from './metrics-place.ts';
import { replaceFile } from './new-files.ts';
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
    'resume',
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
  if (values.flag('continuous')) {
    await compareContinuously(continuousOptions(line, config, order));
    return true;
  }
  const { isOutage } = await importCompare(() => import('@sluice/compare'));
  const kept = await placeOf(line, config, order);
  const outages = new Outages(kept.from, { isOutage, say: screen.say });
  const report = await outlasting(() => compareOnce({ config, order, operands, kept, outages }), outages);
  await tell(report, values.text('output-file'), output, screen);
  // Interrupted, it can go on.
  if (!outages.isInterrupted) await kept.file?.remove();
  return report.result === 'different' ? 'different' : report.result === 'equal';
}

interface ComparedOnce {
  readonly config: SluiceConfig;
  readonly order: CompareOrder;
  readonly operands: readonly string[];
  readonly kept: KeptPlaces;
  readonly outages: Outages;
}

/** From where it is to its end, or to the first server that does not answer. */
async function compareOnce({
  config,
  order,
  operands,
  kept: { asked, file, begin },
  outages,
}: ComparedOnce): Promise<CompareReport> {
  const { compareReportSchema, PLACE_VERSION, REPORT_VERSION } = await importCompare(
    () => import('@sluice/compare'),
  );
  const progress = progressLine(process.stderr);
  return withComparedPipeline(config, asked.offline, async (compared) => {
    outages.begun(compared.signal);
    const begun = begin(compared);
    const write = async (place: RunningPlace): Promise<void> => {
      outages.reached(place);
      await file?.keep({ compare: 'place', version: PLACE_VERSION, ...asked, ...begun, ...place });
    };
    const findings = await compareTables(compared, tablesOf(compared.tables, operands), order, {
      onProgress: progress.show,
      from: outages.place,
      keep: order.sample === null ? { write, everyMs: KEEP_PLACE_MS } : null,
    });
    const { sluice, pipeline, offline, scope } = asked;
    return compareReportSchema.parse({
      report: 'compare',
      version: REPORT_VERSION,
      sluice,
      pipeline,
      offline,
      ...begun,
      endedAt: new Date().toISOString(),
      scope,
      asked: asked.asked,
      ...findings,
    });
  }).finally(progress.end);
}

interface KeptPlaces {
  readonly asked: AskedComparison;
  /** Where the place is kept; null without a file for the report, and for a sample, which is read again in no time. */
  readonly file: PlaceFile | null;
  /** Where the comparison continues; null: at its begin. */
  readonly from: ComparePlace | null;
  /** What a report tells of the comparison's begin, however often it is tried again. */
  readonly begin: (compared: ComparedPipeline) => Begun;
}

type Begun = Pick<CompareReport, 'startedAt' | 'position' | 'schemas'>;

function beginOf(from: ComparePlace | null): KeptPlaces['begin'] {
  let begun: Begun | null = from;
  return ({ position, schemas }) => {
    begun ??= { startedAt: new Date().toISOString(), position, schemas };
    return { startedAt: begun.startedAt, position: begun.position, schemas: begun.schemas };
  };
}

/** Throws UsageError and CommandFailed. */
async function placeOf(
  { values, operands }: CommandLine,
  config: SluiceConfig,
  { where, keys, sample }: CompareOrder,
): Promise<KeptPlaces> {
  const report = values.text('output-file');
  const file = report === undefined || sample !== null ? null : new PlaceFile(report);
  const asked = {
    sluice: VERSION,
    pipeline: config.pipeline,
    offline: values.flag('offline'),
    scope: { where, keys: keys === null ? null : keys.join('..'), sample },
    asked: { tables: [...operands], sinks: [...values.texts('sink')] },
  };
  if (!values.flag('resume')) return { asked, file, from: null, begin: beginOf(null) };
  if (file === null)
    throw new UsageError(
      '--resume continues a comparison that was interrupted: it needs its --output-file, and none is kept with --sample',
    );
  const from = await file.load(asked);
  return { asked, file, from, begin: beginOf(from) };
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
  if (values.flag('resume'))
    throw new UsageError('--continuous begins with its first round: without --resume');
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
  return { config, listen: metricsPlace(config, values), round, isSampled: order.sample !== null };
}

/** Between two times that the place is kept: what a comparison that is killed does again at most. */
const KEEP_PLACE_MS = 2000;
const NOT_TOLD: CompareCourse = { onProgress: () => undefined, from: null, keep: null };

/** Throws CommandFailed also for what the driver of a store has thrown. */
async function compareTable(
  compared: ComparedPipeline,
  plan: TablePlan,
  order: CompareOrder,
): Promise<TableFindings> {
  const found = await compareTables(compared, [plan], order, NOT_TOLD).catch((error: unknown) => {
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
