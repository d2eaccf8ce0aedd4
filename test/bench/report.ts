import type { Drain, Results } from './bench-run.ts';
import type { Throughput } from './drain.ts';
import { medianOf, rounded } from './statistics.ts';

const THROUGHPUTS = ['snapshot', 'sink-redis', 'sink-elasticsearch', 'sink-mysql'] as const;
const DRAINS = ['bulk', 'single'] as const;
const BASELINES = ['packets', 'decode', 'publish'] as const;

/** Each figure's median over the passes. */
export function mergeResults(passes: readonly Results[]): Results {
  const merged: Results = {};
  for (const name of DRAINS) {
    const drains = passes.flatMap((pass) => pass[name] ?? []);
    if (drains.length > 0) merged[name] = medianOfDrains(drains);
  }
  for (const name of THROUGHPUTS) {
    const found = passes.flatMap((pass) => pass[name] ?? []);
    if (found.length > 0) merged[name] = medianOf(found);
  }
  const latencies = passes.flatMap((pass) => pass.latency ?? []);
  if (latencies.length > 0) merged.latency = medianOf(latencies);
  return merged;
}

function medianOfDrains(drains: readonly Drain[]): Drain {
  const throughput = medianOf(drains.map(({ packets: _p, decode: _d, publish: _u, ...rest }) => rest));
  return {
    ...throughput,
    packets: medianOf(drains.map((drain) => drain.packets)),
    decode: medianOf(drains.map((drain) => drain.decode)),
    publish: medianOf(drains.map((drain) => drain.publish)),
  };
}

/** The results as lines of text: a table, and what the drains make of what the machine can do. */
export function reportLines(results: Results): string[] {
  const rows = [['workload', 'rows/s', 'CPU µs/row', 'peak MiB', 'others busy']];
  for (const name of ['bulk', 'single', ...THROUGHPUTS] as const) {
    const found: Throughput | undefined = results[name];
    if (found === undefined) continue;
    const { rowsPerSecond, cpuMicrosPerRow, peakMebibytes, othersBusy } = found;
    rows.push([
      name,
      whole(rowsPerSecond),
      cpuMicrosPerRow.toFixed(2),
      whole(peakMebibytes),
      othersBusy.toFixed(2),
    ]);
  }
  return [...table(rows), ...ratioLines(results), ...latencyLines(results)];
}

function ratioLines(results: Results): string[] {
  const rows = DRAINS.flatMap((name) => {
    const drain = results[name];
    if (drain === undefined) return [];
    return BASELINES.map((baseline) => {
      const raw = drain[baseline];
      return [
        `${name} / ${baseline}`,
        whole(raw.rowsPerSecond),
        raw.cpuMicrosPerRow.toFixed(2),
        (drain.rowsPerSecond / raw.rowsPerSecond).toFixed(2),
        (drain.cpuMicrosPerRow / raw.cpuMicrosPerRow).toFixed(2),
      ];
    });
  });
  if (rows.length === 0) return [];
  return [
    '',
    ...table([['drain / raw baseline', 'raw rows/s', 'raw µs/row', 'speed ratio', 'CPU ratio'], ...rows]),
  ];
}

function latencyLines({ latency }: Results): string[] {
  if (latency === undefined) return [];
  const ms = (value: number): string => `${rounded(value)} ms`;
  const { p50Ms, p95Ms, p99Ms, maxMs, transactionsPerSecond } = latency;
  return [
    '',
    `latency at ${whole(transactionsPerSecond)} transactions/s: p50 ${ms(p50Ms)}, p95 ${ms(p95Ms)}, p99 ${ms(p99Ms)}, max ${ms(maxMs)}; ` +
      `CPU ${whole(latency.cpuMicrosPerRow)} µs/row, peak ${whole(latency.peakMebibytes)} MiB, others busy ${latency.othersBusy.toFixed(2)}`,
  ];
}

/** Columns as wide as their widest cell; numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
