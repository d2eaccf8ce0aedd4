import { parseArgs } from 'node:util';
import { PipelineError } from '@sluice/runtime';

/** What can be measured, in the order in which it is. */
export const WORKLOADS = [
  'bulk',
  'snapshot',
  'latency',
  'single',
  'sink-redis',
  'sink-elasticsearch',
  'sink-mysql',
] as const;
export type Workload = (typeof WORKLOADS)[number];

export interface BenchOptions {
  readonly workloads: readonly Workload[];
  /** Rows of the drain of large transactions, of the snapshot and of the sinks. */
  readonly rows: number;
  /** Single-row transactions. */
  readonly singles: number;
  readonly source: 'mysql' | 'mariadb';
  readonly partitions: number;
  readonly reps: number;
  readonly latencySeconds: number;
  /** Laid over the sections of sluice.yaml: `snapshot.chunkRows=5000`. */
  readonly settings: readonly string[];
  /** Where the services' CPU profiles go; null without. */
  readonly profiles: string | null;
}

export const USAGE = `usage: npm run bench -- [${WORKLOADS.join('|')} …] [--rows N] [--singles N] [--source mysql|mariadb]
                        [--partitions N] [--reps N] [--seconds N] [--set section.name=value …] [--profiles FOLDER]`;

/** Throws CONFIG_INVALID for what is not in the usage. */
export function parseArguments(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parse(argv);
  const unknown = positionals.filter((name) => !isWorkload(name));
  if (unknown.length > 0) throw invalid(`there is no workload ${unknown.join(', ')}`);
  const source = values.source;
  if (source !== 'mysql' && source !== 'mariadb') throw invalid('--source is mysql or mariadb');
  return {
    workloads: WORKLOADS.filter((name) => positionals.length === 0 || positionals.includes(name)),
    rows: count('--rows', values.rows),
    singles: count('--singles', values.singles),
    source,
    partitions: count('--partitions', values.partitions),
    reps: count('--reps', values.reps),
    latencySeconds: count('--seconds', values.seconds),
    settings: values.set,
    profiles: values.profiles ?? null,
  };
}

function parse(argv: readonly string[]) {
  const text = (initial: string) => ({ type: 'string', default: initial }) as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        rows: text('300000'),
        singles: text('100000'),
        source: text('mysql'),
        partitions: text('1'),
        reps: text('1'),
        seconds: text('20'),
        set: { type: 'string', multiple: true, default: [] },
        profiles: { type: 'string' },
      },
    });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'the arguments cannot be read');
  }
}

function isWorkload(name: string): name is Workload {
  return (WORKLOADS as readonly string[]).includes(name);
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalid(`${name} is a number above 0`);
}

function invalid(problem: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', `${problem}\n${USAGE}`);
}

/** `section.name=value` texts as sections; numbers and booleans are taken as such. */
export function settingSections(settings: readonly string[]): Record<string, Record<string, unknown>> {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const setting of settings) {
    const [, section = '', name = '', value = ''] = /^(\w+)\.(\w+)=(.*)$/u.exec(setting) ?? [];
    if (section === '') throw invalid(`--set takes section.name=value, not ${setting}`);
    const scalar = /^(\d+|true|false)$/u.test(value) ? (JSON.parse(value) as unknown) : value;
    sections[section] = { ...sections[section], [name]: scalar };
  }
  return sections;
}
