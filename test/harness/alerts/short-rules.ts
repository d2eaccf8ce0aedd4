import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { INFRA } from '../prometheus/prometheus-tools.ts';
import { ruleFiles } from '../prometheus/rule-files.ts';

/** Every duration of a rule, in `for`, windows and offsets, is divided by this. */
export const DIVISOR = 30;

/** Thresholds that a test cannot wait for, by what takes their place: each must occur in its rule. */
export const SHORTER_THRESHOLDS: Readonly<Record<string, readonly [string, string]>> = {
  HighBinlogLag: ['> 60', '> 3'],
  CriticalBinlogLag: ['> 600', '> 5'],
  CheckpointStale: ['> 120', '> 4'],
  HeartbeatStale: ['> 60', '> 4'],
  ConsumerLagHigh: ['> 10000', '> 100'],
  CompareStale: ['> 86400', '> 15'],
  MassDeadLetters: ['>= 100', '>= 25'],
};

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /(?<=\[|offset |for: )(\d+)(ms|s|m|h|d)\b/g;

/** `5m` → `10000ms` with a divisor of 30. Throws RangeError when a threshold to be shortened is not there. */
export function shortened(text: string): string {
  let short = text.replaceAll(DURATION, (_, count: string, unit: string) => {
    const milliseconds = Number(count) * UNITS[unit as keyof typeof UNITS];
    return `${Math.max(1000, Math.round(milliseconds / DIVISOR))}ms`;
  });
  for (const [alert, [from, to]] of Object.entries(SHORTER_THRESHOLDS)) {
    const begin = short.indexOf(`- alert: ${alert}\n`);
    if (begin === -1) continue;
    const end = short.indexOf('        labels:', begin);
    const rule = short.slice(begin, end);
    const pattern = new RegExp(`${from}(?!\\d)`);
    if (!pattern.test(rule)) throw new RangeError(`${alert} has no threshold ${from}`);
    short = short.slice(0, begin) + rule.replace(pattern, to) + short.slice(end);
  }
  return short;
}

/** Writes all rules, shortened, into a folder. */
export async function writeShortRules(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { path } of ruleFiles()) {
    const text = await readFile(join(INFRA, path), 'utf8');
    await writeFile(join(folder, basename(path)), shortened(text));
  }
}
