import { tableArgument, tableIdOf, tablePattern, type TableOutline } from '@sluice/envelope';
import type { CapturePlan, TablePlan } from '@sluice/ops-api';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import type { TablePreview } from '@sluice/sink-kit';
import { sinkPreview } from '@sluice/sink-kit/installed';
import { selectionOf } from '@sluice/sink-kit/selection';
import { importCapture } from './optional-packages.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { lateSinks, sinkSelections } from './plan-selection.ts';
import { planDetails, planSummary, type SinkPreview } from './plan-text.ts';
import { plural, show, type Screen } from './screen.ts';
import { sharedTargets } from './shared-targets.ts';

const PATIENCE_MS = 60_000;

export const planCommand: PipelineCommand = {
  name: 'plan',
  options: ['table'],
  several: ['table'],
  help: 'show what capture and the sinks would do: topics, keys, columns; changes nothing',
  connects: 'everything',
  run: pipelinePlan,
};

/**
 * Shows what the pipeline would do: a line per table, and everything about the tables of `--table`; nothing is written
 * anywhere. True when capture would start.
 */
async function pipelinePlan({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const wanted = values.texts('table').map(tablePattern);
  const { planCapture } = await importCapture(() => import('@sluice/capture/plan'));
  const plan = await planCapture(config, AbortSignal.timeout(PATIENCE_MS));
  const fits = (table: TablePlan): boolean =>
    wanted.some((isWanted) => isWanted(table.database, table.table));
  const tables = wanted.length === 0 ? plan.tables : plan.tables.filter(fits);
  if (wanted.length > 0 && tables.length === 0)
    throw new CommandFailed(`no captured table is called ${values.texts('table').join(' or ')}`);
  const selections = await sinkSelections(config, plan.tables);
  const previews = await sinkPreviews(config, tables);
  const late = await lateSinks(config, plan.tables);
  const warnings = [
    ...plan.warnings,
    ...selections.flatMap((each) => each.warnings),
    ...late,
    ...sharedTargets(previews),
  ];
  const document = { pipeline: config.pipeline, ...plan, warnings, tables, sinks: previews, selections };
  show(screen, document, [], []);
  if (screen.format === 'table') {
    screen.output.write(planSummary({ ...plan, tables }));
    if (wanted.length > 0) for (const part of planDetails(tables, previews)) screen.output.write(`\n${part}`);
  }
  for (const { sink, tables: taken } of selections)
    screen.say(`sink ${sink} takes ${plural(taken.length, 'table')} of ${plan.tables.length}`);
  reportVerdict({ ...plan, warnings }, wanted.length > 0, screen);
  return plan.problems.length === 0;
}

function reportVerdict(
  { tables, warnings, problems }: CapturePlan,
  isDetailed: boolean,
  screen: Screen,
): void {
  const [first] = tables;
  if (!isDetailed && first !== undefined && screen.format === 'table')
    screen.say(
      `details of a table, in each sink too: sluice plan --table ${tableArgument(tableIdOf(first))}`,
    );
  for (const warning of warnings) screen.say(`warning: ${warning}`);
  for (const { setting, found, required, fix } of problems)
    screen.say(`problem: ${setting}: found ${found}, needs ${required}. Fix: ${fix}`);
  screen.say(
    problems.length === 0
      ? `${plural(tables.length, 'table')}; nothing was changed`
      : `${plural(problems.length, 'problem')}: capture would not start`,
  );
}

async function sinkPreviews(config: SluiceConfig, tables: readonly TablePlan[]): Promise<SinkPreview[]> {
  const previews: SinkPreview[] = [];
  for (const sink of Object.keys(config.sinks)) {
    const previewTable = await sinkPreview(sink, config);
    if (previewTable === null) continue;
    const selection = selectionOf(config, sink);
    for (const table of tables) {
      if (table.refused || !selection.takesTable(table.database, table.table)) continue;
      previews.push({
        sink,
        table: tableIdOf(table),
        ...preview(() => previewTable(config, outlineOf(table), sink)),
      });
    }
  }
  return previews;
}

/** What the store would refuse belongs into the plan too. */
function preview(ofSink: () => TablePreview): TablePreview {
  try {
    return ofSink();
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code === 'CONFIG_INVALID') throw error;
    return { target: 'refused', definition: `${error.code}: ${error.message}` };
  }
}

function outlineOf({ database, table, columns, keyColumns }: TablePlan): TableOutline {
  return { database, table, columns, keyColumns };
}
