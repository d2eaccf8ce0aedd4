import { parseTableId } from '@sluice/envelope';
import type { TablePlan } from '@sluice/ops-api';
import { compareTables } from '../operator/compare-order.ts';
import { plural } from '../operator/screen.ts';
import type { RebuildParts } from './rebuild-order.ts';

const ROWS_PER_SECOND = 10_000;
const ROWS_MAX = 10_000_000;

/**
 * Compares the tables with the places that were filled, by the rules of `sluice compare`. What cannot be compared is said. Resolves to whether
 * nothing differs.
 * @param sink name and section of the sink that has filled them
 */
export async function isFilledRight(
  { running, values, screen }: RebuildParts,
  plans: readonly TablePlan[],
  sink: { readonly name: string; readonly section: object },
): Promise<boolean> {
  const { pipeline, applied, signal } = running;
  const findings = await compareTables(
    {
      server: pipeline.server,
      tables: plans,
      position: null,
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
    () => undefined,
  );
  signal.throwIfAborted();
  let isRight = true;
  for (const { table, remarks, sinks } of findings.tables) {
    for (const remark of remarks) screen.say(`${table}: ${remark}`);
    for (const { different, missing, extra, notSettled } of Object.values(sinks)) {
      if (different + missing + extra + notSettled === 0) continue;
      isRight = false;
      screen.say(
        `${table}: ${different} different, ${missing} missing, ${extra} that the source has not, ${notSettled} not settled`,
      );
    }
  }
  for (const { table, place, kind } of findings.differences.slice(0, EXAMPLES))
    screen.say(`${kind} in ${parseTableId(table).table}: ${place}`);
  if (isRight) screen.say(`${plural(findings.tables.length, 'table')} compared: equal`);
  return isRight;
}

const EXAMPLES = 10;
