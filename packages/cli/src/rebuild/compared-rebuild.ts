import { parseTableId, tableIdOf } from '@sluice/envelope';
import type { RunningFindings } from '@sluice/compare';
import type { TablePlan } from '@sluice/ops-api';
import { compareTables } from '../operator/compare-order.ts';
import { plural } from '../operator/screen.ts';
import type { RebuildParts } from './rebuild-order.ts';

const ROWS_PER_SECOND = 10_000;
const ROWS_MAX = 10_000_000;
const EXAMPLES = 10;

/** Name and section of the sink that has filled the tables. */
interface ComparedSink {
  readonly name: string;
  readonly section: object;
}

/**
 * Compares the tables with the places that were filled, by the rules of `sluice compare`. What cannot be compared is said. Resolves to whether
 * nothing differs.
 */
export async function isFilledRight(
  parts: RebuildParts,
  plans: readonly TablePlan[],
  sink: ComparedSink,
): Promise<boolean> {
  const { running, screen } = parts;
  const { tables, differences } = await comparedTables(parts, plans, sink);
  running.signal.throwIfAborted();
  for (const { table, remarks } of tables) for (const remark of remarks) screen.say(`${table}: ${remark}`);
  const wrong = [...tables.flatMap(wrongRows), ...notCompared(tables, plans)];
  for (const line of wrong) screen.say(line);
  for (const { table, place, kind } of differences.slice(0, EXAMPLES))
    screen.say(`${kind} in ${parseTableId(table).table}: ${place}`);
  const compared = tables.filter((table) => table.compared).length;
  if (wrong.length === 0) screen.say(`${plural(compared, 'table')} compared: equal`);
  return wrong.length === 0;
}

function comparedTables(
  { running, values }: RebuildParts,
  plans: readonly TablePlan[],
  sink: ComparedSink,
): Promise<RunningFindings> {
  const { pipeline, applied, signal } = running;
  return compareTables(
    {
      server: pipeline.server,
      tables: plans,
      position: null,
      schemas: {},
      conditionSql: (table, condition) => pipeline.conditionSql(table, condition),
      applied,
      signal,
    },
    plans,
    {
      sinks: { [sink.name]: sink.section },
      takes: () => true,
      keys: null,
      where: null,
      sample: null,
      rowsPerSecond: values.wholeNumber('rows-per-second', 1, ROWS_MAX) ?? ROWS_PER_SECOND,
    },
    { onProgress: () => undefined, from: null, keep: null },
  );
}

/** How many rows of a table are not as the source has them, a line for each sink where any is. */
function wrongRows({ table, sinks }: RunningFindings['tables'][number]): readonly string[] {
  return Object.values(sinks)
    .filter(({ different, missing, extra, notSettled }) => different + missing + extra + notSettled > 0)
    .map(
      ({ different, missing, extra, notSettled }) =>
        `${table}: ${different} different, ${missing} missing, ${extra} that the source has not, ${notSettled} not settled`,
    );
}

/** A line for each table of which nobody can say that it is equal; rows under a condition are never compared (docs/rebuild.md). */
export function notCompared(
  tables: RunningFindings['tables'],
  plans: readonly Pick<TablePlan, 'database' | 'table' | 'where'>[],
): readonly string[] {
  const conditional = new Set(plans.filter(({ where }) => where !== null).map(tableIdOf));
  return tables
    .filter(({ table, compared }) => !compared && !conditional.has(table))
    .map(({ table }) => `${table}: was not compared`);
}
