import { tableIdOf } from '@sluice/envelope';
import type { TablePlan } from '@sluice/ops-api';
import type { SluiceConfig } from '@sluice/runtime';
import { selectionOf } from '@sluice/sink-kit/selection';
import { publishesAll } from '../operator/all-operations.ts';
import { CommandFailed } from '../operator/command-failed.ts';
import type { OptionValues } from '../operator/option-values.ts';
import type { RunningPipeline } from '../operator/running-pipeline.ts';
import { tablesOf } from '../operator/running-pipeline.ts';
import type { Screen } from '../operator/screen.ts';

/** Insert, update, delete, truncate. */

/** Capture keeps the newest 50 jobs that have ended: of more tables nobody would know that they are done. */
const TABLES_MAX = 40;

/** What every part of the command needs. */
export interface RebuildParts {
  readonly config: SluiceConfig;
  readonly sink: string;
  readonly values: OptionValues;
  readonly by: string;
  readonly running: RunningPipeline;
  readonly screen: Screen;
}

/** The captured tables that are rebuilt: all that the sink takes, or those of them that `--table` names. Throws CommandFailed. */
export function rebuiltPlans(parts: RebuildParts): readonly TablePlan[] {
  const { config, sink, values, running } = parts;
  const selection = selectionOf(config, sink);
  const taken = running.pipeline.tables.filter(
    ({ database, table, refused }) => !refused && selection.takesTable(database, table),
  );
  const plans = tablesOf(taken, values.texts('table'));
  if (plans.length > TABLES_MAX)
    throw new CommandFailed(
      `${plans.length} tables are too many for one rebuild: name up to ${TABLES_MAX} at a time by --table, of a target or cluster one after the other`,
    );
  if (plans.length === 0) throw new CommandFailed(`sink ${sink} takes no table that is captured`);
  refusePartial(parts, plans);
  return plans;
}

/** Plans of tables that are known by their names. Throws CommandFailed for one that is not captured any more. */
export function plansOf({ running }: RebuildParts, tables: readonly string[]): readonly TablePlan[] {
  return tables.map((id) => {
    const plan = running.pipeline.tables.find((some) => tableIdOf(some) === id);
    if (plan !== undefined && !plan.refused) return plan;
    throw new CommandFailed(
      `${id} is not captured any more: run this command with --cancel --yes, and begin again`,
    );
  });
}

/**
 * Throws CommandFailed where a rebuild would lose what is kept beside the rows of the source: by this sink, or, as its snapshots remove from
 * every sink what they do not bring, by any.
 */
function refusePartial({ config, sink }: RebuildParts, plans: readonly TablePlan[]): void {
  if (!selectionOf(config, sink).takesAllOperations)
    throw new CommandFailed(
      `\`operations\` of sink ${sink} leaves some out: what it keeps beside the rows of the source would be lost`,
    );
  const partial = plans.find(({ operations }) => !publishesAll(operations));
  if (partial === undefined) return;
  throw new CommandFailed(
    `\`operations\` of table ${tableIdOf(partial)} leaves some out: the snapshot of a rebuild would take rows that stores keep beside those of the source out of all sinks; name other tables by --table`,
  );
}
