import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compareReportSchema, type CompareReport } from '@sluice/compare';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { SINK_NAMES, SINK_SERVICES, SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { testScope } from '../harness/scope.ts';
import { testSize } from '../harness/test-size.ts';
import { PacedChanges } from '../harness/workloads/paced-changes.ts';
import {
  hasRow,
  ITEMS_COLUMNS,
  MANY,
  manyRows,
  outlineOf,
  plant,
  planted,
  RESTING_ROWS,
  restingRows,
} from '../harness/workloads/planted-differences.ts';
import { measured } from '../harness/workloads/source-load.ts';

/** `npm run test:scale`: a million. `compare.e2e` and `repair.e2e` are the short form of it. */
const ROWS = testSize('SLUICE_SCALE_ROWS', 0);
/** Rows in a second that sums of equal ranges are held to; 0: not at all. */
const LEAST_RATE = testSize('SLUICE_COMPARE_LEAST_RATE', 0);
const CHANGES_PER_SECOND = testSize('SLUICE_SCALE_CHANGES', 500);
const LOADED = { timeoutMs: 1_200_000, everyMs: 1000 };
const QUIET_MS = 20_000;
const LAST = Math.max(...MANY.resting) + RESTING_ROWS - 1;
/** More than any of the stores is read at: how long the work itself takes. */
const UNBOUNDED = '--rows-per-second 10000000';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

test.skipIf(ROWS === 0)(
  'many rows in every store, while they change: compared, repaired, undone',
  { timeout: 3_600_000 },
  async () => {
    const scope = testScope();
    const pipeline = await SinkPipeline.withTables(scope, stack, 'scale', [
      `CREATE TABLE items (${ITEMS_COLUMNS})`,
      ...MANY.resting.map(restingRows),
      ...manyRows(ROWS),
    ]);
    const hidden = { mask: '***' };
    pipeline.configure({ tables: { '*.items': { columns: { secret: hidden, cut: { exclude: true } } } } });
    const begun = performance.now();
    const [capture, ...sinks] = await pipeline.start('capture', ...SINK_SERVICES);
    const { configFile } = capture ?? { configFile: '' };
    await eventually(
      'the last resting row in every store, and no sink that is behind',
      async () =>
        (await hasRow(pipeline, LAST)) &&
        (await Promise.all(sinks.map(({ process }) => isBehind(process, pipeline.topic('items'))))).every(
          (behind) => !behind,
        ),
      LOADED,
    );
    say(`snapshot into three stores: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    const resting = await compare(`--sink mysql ${UNBOUNDED}`);
    expect(outcome(resting)).toEqual([0, 'equal', [], []]);
    expect(rateOf(resting.report)).toBeGreaterThan(LEAST_RATE);
    const writer = new PacedChanges(pipeline.database, 'items', CHANGES_PER_SECOND);
    scope.defer(() => writer.stop().catch(() => undefined));
    const measure = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const { result, line } = await measured(what, pipeline.database, writer, work);
      say(line);
      return result;
    };
    await measure('nothing but changes', () => delay(QUIET_MS));

    const summed = await measure('compare mysql by sums', () => compare(`--sink mysql ${UNBOUNDED}`));
    // Its time is for rows on their way, too: the bound is for ranges that are equal, above.
    expect(outcome(summed)).toEqual([0, 'equal', [], []]);

    const file = (name: string): string => join(dirname(configFile), name);
    await plant(pipeline, MANY);
    const found = await measure('compare all by default', () =>
      compare(`--output-file ${file('report.json')}`),
    );
    differsAsPlanted(found);
    const repaired = await measure('repair', () =>
      sluice(configFile, `repair --report ${file('report.json')} --apply --undo ${file('undo.ndjson')}`),
    );
    const rows = SINK_NAMES.length * planted(MANY).length;
    expect([repaired.code, repaired.said]).toEqual([
      0,
      expect.stringContaining(`${rows} rows equal, 0 still different, 0 not repaired`),
    ]);
    const equal = await measure('compare all without a bound', () => compare(UNBOUNDED));
    expect(outcome(equal)).toEqual([0, 'equal', [], []]);
    const undone = await measure('undo', () =>
      sluice(configFile, `repair --undo-from ${file('undo.ndjson')} --apply`),
    );
    expect([undone.code, undone.said]).toEqual([0, expect.stringContaining(`${rows} rows restored`)]);
    differsAsPlanted(
      await measure('compare all without a bound, with the differences', () => compare(UNBOUNDED)),
    );
    await writer.stop();

    async function compare(line: string) {
      const end = await sluice(configFile, `compare ${line}`);
      if (end.document === null) throw new Error(end.said);
      const report = compareReportSchema.parse(end.document);
      say(`  ${report.rows} rows, ${rateOf(report)} in a second`);
      return { ...end, report };
    }
  },
);

interface Compared {
  readonly code: number;
  readonly report: CompareReport;
}

function outcome({ code, report }: Compared): readonly unknown[] {
  return [code, report.result, report.differences, report.notSettled];
}

function differsAsPlanted(compared: Compared): void {
  const { code, report } = compared;
  expect([code, report.result, report.notSettled]).toEqual([3, 'different', []]);
  for (const sink of SINK_NAMES) expect([sink, outlineOf(report, sink)]).toEqual([sink, planted(MANY)]);
}

function rateOf({ rows, startedAt, endedAt }: CompareReport): number {
  return Math.round((rows * 1000) / (Date.parse(endedAt) - Date.parse(startedAt)));
}

/** Whether it has not read all of this topic. */
async function isBehind(sink: ServiceProcess, topic: string): Promise<boolean> {
  const { lag } = (await sink.status()) as {
    readonly lag?: { readonly partitions: readonly { readonly topic: string; readonly records: number }[] };
  };
  const own = lag?.partitions.filter((partition) => partition.topic === topic) ?? [];
  return own.length === 0 || own.some(({ records }) => records > 0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
