import { readFile } from 'node:fs/promises';
import type { CompareReport } from '@sluice/compare';
import { parseTableId, tableIdOf, tablePattern } from '@sluice/envelope';
import { wordsOf, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, Done, PipelineCommand } from './command.ts';
import { sinksOf } from './compare-order.ts';
import { whoIsIt } from './dead-letters.ts';
import type { OptionValues } from './option-values.ts';
import { importCompare } from './optional-packages.ts';
import { repairOffline } from './repair-offline.ts';
import { repair, type RepairOrder, type ReportedRows } from './repair-run.ts';
import { endOf, HEADINGS, remarksOf, rowsOf } from './repair-text.ts';
import { stageOf, withCanary } from './repair-stage.ts';
import { putBack, sayRestored, undo } from './repair-undo.ts';
import { show, type Screen } from './screen.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_ROWS_PER_SECOND = 1000;
const ROWS_MAX = 10_000_000;

export const repairCommand: PipelineCommand = {
  name: 'repair',
  options: [
    'report',
    'sink',
    'table',
    'limit',
    'rows-per-second',
    'apply',
    'undo',
    'undo-from',
    'sql-file',
    'offline',
    'stage',
    'gate',
    'next',
    'by',
  ],
  several: ['sink', 'table', 'next'],
  exits: '3 rows still differ',
  help: 'repair what a report of compare lists, through the guards of the sinks; says only what it would do without --apply',
  connects: 'everything',
  run: repairOrUndo,
};

function repairOrUndo(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<Done> {
  const { values } = line;
  const [report, undoFrom] = [values.text('report'), values.text('undo-from')];
  if (report !== undefined && undoFrom !== undefined)
    throw new UsageError('--report and --undo-from exclude each other');
  if (undoFrom !== undefined) return undo(undoFrom, line, config, screen);
  if (report === undefined) throw new UsageError('--report or --undo-from is needed');
  return repairReport(report, line, config, screen);
}

/** `different` when rows still differ that were written; false when a row could not be repaired. */
async function repairReport(
  file: string,
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<Done> {
  const order = orderOf(values);
  const { readReport } = await importCompare(() => import('@sluice/compare'));
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandFailed(`--report: ${file} cannot be read`, { cause: error });
  });
  const report = reportOf(() => readReport(text), file);
  if (report.pipeline !== config.pipeline)
    throw new CommandFailed(
      `--report: ${file} is about pipeline ${report.pipeline}, and the configuration is ${config.pipeline}`,
    );
  const stage = stageOf(values, config);
  const sinks = stage === null ? Object.keys(sinksOf(config, values)) : [stage.canary, ...stage.next];
  const rows = chosen(report, sinks, values);
  if (order.sqlFile !== null && new Set(rows.map(({ sink }) => sink)).size > 1)
    throw new UsageError('--sql-file takes what one store is given: name it by --sink');
  const backAsItWas = async (canary: string, why: string): Promise<void> => {
    if (order.undoFile === null) return;
    screen.say(`${why}: sink ${canary} is put back as it was`);
    const given = { sinks: new Set([canary]), by: order.by, config, screen };
    sayRestored(await putBack(order.undoFile, given), screen);
  };
  const brokenOff = (canary: string): Promise<void> =>
    backAsItWas(canary, 'the repair was broken off').catch((error: unknown) =>
      screen.say(
        `sink ${canary} is not put back (${wordsOf(error)}): when it answers, sluice repair --undo-from ${order.undoFile} --sink ${canary} --apply`,
      ),
    );
  const { results, refusal } = values.flag('offline')
    ? { results: await repairOffline(config, rows, offlineFile(order)), refusal: null }
    : await withCanary(
        stage,
        (begin) => repair({ config, report, rows, order, stage, begin, screen }),
        brokenOff,
      );
  show(screen, { repair: file, applied: order.apply, results }, HEADINGS, rowsOf(results));
  for (const remark of remarksOf(results)) screen.say(remark);
  if (report.unlisted > 0)
    screen.say(`the report only counts ${report.unlisted} more: compare again when these are repaired`);
  const { text: end, done } = endOf(results, order);
  screen.say(end);
  if (refusal === null || stage === null) return done;
  await backAsItWas(stage.canary, refusal);
  return false;
}

/** Throws UsageError: only a person can know that no newer change is lost. */
function offlineFile({ sqlFile }: RepairOrder): string {
  if (sqlFile !== null) return sqlFile;
  throw new UsageError(
    '--offline only writes SQL for a person, by --sql-file FILE: without Kafka nobody knows which change is newer',
  );
}

function orderOf(values: OptionValues): RepairOrder {
  const [undoFile, sqlFile] = [values.text('undo') ?? null, values.text('sql-file') ?? null];
  const apply = values.flag('apply');
  if (apply && undoFile === null)
    throw new UsageError('--apply needs --undo FILE, in which is kept what the stores held');
  if (!apply && undoFile !== null)
    throw new UsageError('--undo needs --apply: nothing is changed without it');
  if (apply && sqlFile !== null) throw new UsageError('--sql-file and --apply exclude each other');
  const rowsPerSecond = values.wholeNumber('rows-per-second', 1, ROWS_MAX) ?? DEFAULT_ROWS_PER_SECOND;
  return { apply, undoFile, sqlFile, rowsPerSecond, by: whoIsIt(values) };
}

function reportOf(read: () => CompareReport, file: string): CompareReport {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailed(`--report: ${file} cannot be used: ${error.message}`, { cause: error });
  }
}

/** What of the report is to be repaired, by sink and table. */
function chosen(
  { differences }: CompareReport,
  sinks: readonly string[],
  values: OptionValues,
): readonly ReportedRows[] {
  const limit = values.wholeNumber('limit', 1, ROWS_MAX) ?? ROWS_MAX;
  const patterns = values.texts('table').map((name) => ({ name, fits: tablePattern(name) }));
  const fits = (id: string): boolean => {
    const { database, table } = parseTableId(id);
    return patterns.length === 0 || patterns.some((pattern) => pattern.fits(database, table));
  };
  const tables = [...new Set(differences.map(({ table }) => table))];
  for (const pattern of patterns)
    if (!tables.map(parseTableId).some(({ database, table }) => pattern.fits(database, table)))
      throw new CommandFailed(`the report lists no row of ${pattern.name}`);
  const some = differences.filter(({ sink, table }) => sinks.includes(sink) && fits(table)).slice(0, limit);
  const groups = Map.groupBy(some, ({ sink, table }) => JSON.stringify([sink, table]));
  return [...groups].map(([id, rows]) => {
    const [sink, table] = JSON.parse(id) as [string, string];
    return { sink, table: tableIdOf(parseTableId(table)), rows };
  });
}
