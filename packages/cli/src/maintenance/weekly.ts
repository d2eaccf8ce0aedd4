import type { TableSize } from '@sluice/capture/maintenance';
import type { TableName } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { examined, note, ok, unknown, type Finding } from '../operator/findings.ts';
import type { OptionValues } from '../operator/option-values.ts';
import { fileOf } from '../operator/ops-url.ts';
import { importCapture } from '../operator/optional-packages.ts';
import { plural } from '../operator/screen.ts';
import { capacityFindings, measure } from './capacity.ts';
import { once, type Check } from './checks.ts';
import { notCompared, reportedComparison, watchedComparisons } from './compare-age.ts';
import { ExpectedTables } from './expected-tables.ts';
import { Prometheus } from './prometheus.ts';

const LARGEST = 10;
/** Less is not worth the time of an OPTIMIZE, nor is a small share. */
const FREE_BYTES = 100 * 2 ** 20;
const FREE_SHARE = 0.25;

/** Sizes of the source's tables, what a Prometheus has seen in a week, and how old the results of comparisons are. Throws UsageError. */
export function weeklyChecks(config: SluiceConfig, values: OptionValues): readonly Check[] {
  const { pipeline } = config;
  const address = values.text('prometheus');
  const prometheus =
    address === undefined
      ? null
      : new Prometheus(address, fileOf(values, 'prometheus-login-file')?.trim() ?? null);
  const report = values.text('report');
  const sizes = once(async () => {
    const { tableSizes } = await importCapture(() => import('@sluice/capture/maintenance'));
    return tableSizes(config);
  });
  return [
    { area: 'tables', look: async () => tableFindings(await sizes()) },
    {
      area: 'capacity',
      look: async () =>
        prometheus === null
          ? [
              unknown(
                'capacity',
                'the trend is not known: no Prometheus was named',
                '--prometheus URL, or --skip capacity',
              ),
            ]
          : capacityFindings(pipeline, await measure(prometheus, pipeline)),
    },
    {
      area: 'compare',
      look: () => compareFindings({ report, prometheus, config, captured: sizes }),
    },
  ];
}

interface Comparisons {
  readonly report: string | undefined;
  readonly prometheus: Prometheus | null;
  readonly config: SluiceConfig;
  readonly captured: () => Promise<readonly TableName[]>;
}

/** A difference that is known is told also where the source does not say which tables there are. */
export async function compareFindings({
  report,
  prometheus,
  config,
  captured,
}: Comparisons): Promise<readonly Finding[]> {
  const tables: TableName[] = [];
  const untold = await examined('compare', async () => {
    tables.push(...(await captured()));
    return [];
  });
  const expected = new ExpectedTables(config, tables);
  const told = report === undefined ? [] : await reportedComparison(report, config, expected, Date.now());
  const watched = prometheus === null ? [] : await watchedComparisons(prometheus, config, expected);
  const all = [...told, ...watched];
  return [...(all.length === 0 ? [notCompared] : all), ...untold];
}

/** @param tables the largest first */
export function tableFindings(tables: readonly TableSize[]): readonly Finding[] {
  if (tables.length === 0)
    return [
      unknown(
        'tables',
        'no captured table is seen',
        'sluice plan says which tables are captured, and why others are not',
      ),
    ];
  const untold = tables.filter(({ rows, bytes }) => Number.isNaN(rows + bytes));
  const told = tables.filter((table) => !untold.includes(table));
  const bytes = told.reduce((sum, table) => sum + table.bytes, 0);
  const total = ok('tables', `${plural(told.length, 'table')}, ${mebibytes(bytes)} with indexes`);
  const largest = told.slice(0, LARGEST).map((table) => ok('tables', sizeText(table)));
  return [total, ...largest, ...told.filter(isLoose).map(looseText), ...untold.map(untoldText)];
}

function untoldText({ database, table }: TableSize): Finding {
  const name = `${database}.${table}`;
  return unknown('tables', `the source does not tell the size of ${name}`, `CHECK TABLE ${name} says why`);
}

const isLoose = ({ bytes, freeBytes }: TableSize): boolean =>
  freeBytes > FREE_BYTES && freeBytes > FREE_SHARE * (bytes + freeBytes);

function looseText({ database, table, freeBytes }: TableSize): Finding {
  const name = `\`${database}\`.\`${table}\``;
  const fix = `OPTIMIZE TABLE ${name} gives it back, if the table has a file of its own (innodb_file_per_table); on a busy source in a quiet hour, for it rebuilds the table`;
  return note('tables', `${database}.${table}: ${mebibytes(freeBytes)} are free in its file`, fix);
}

function sizeText({ database, table, rows, bytes }: TableSize): string {
  return `${database}.${table}: about ${plural(rows, 'row')}, ${mebibytes(bytes)}`;
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
