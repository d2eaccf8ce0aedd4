import { expect, test } from 'vitest';
import { mergeResults, reportLines, table } from './report.ts';

const throughput = {
  rows: 1000,
  seconds: 2,
  rowsPerSecond: 500,
  cpuMicrosPerRow: 10,
  peakMebibytes: 120,
  othersBusy: 0.5,
};
const raw = { rowsPerSecond: 1000, cpuMicrosPerRow: 4 };
const drain = { ...throughput, packets: raw, decode: raw, publish: raw };

test('a table has columns of one width', () => {
  expect(
    table([
      ['name', 'n'],
      ['longer', '1,000'],
    ]),
  ).toEqual(['name        n', 'longer  1,000']);
});

test('a drain is shown beside its raw baselines', () => {
  const lines = reportLines({ bulk: drain });
  expect(lines[1]).toMatch(/^bulk +500 +10\.00 +120 +0\.50$/u);
  expect(lines.find((line) => line.startsWith('bulk / publish'))).toMatch(/1,000 +4\.00 +0\.50 +2\.50$/u);
});

test('figures of several passes become their medians, and what is missing stays missing', () => {
  const passes = [9, 11, 10].map((cpuMicrosPerRow) => ({ bulk: { ...drain, cpuMicrosPerRow } }));
  expect(mergeResults(passes)).toEqual({ bulk: drain });
});
