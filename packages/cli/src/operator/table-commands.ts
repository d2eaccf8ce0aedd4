import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine } from './command-line.ts';
import { sinkOf, whoIsIt } from './letters.ts';
import { opsUrl, order } from './ops-client.ts';
import { show, type Screen } from './screen.ts';

const HEADINGS = ['SERVICE', 'RESUMED', 'PROBLEM'];

interface Result {
  readonly service: string;
  /** Changes that may be applied now. */
  readonly resumed: readonly string[];
  readonly problem: string | null;
}

/** `table resume`: capture and every sink in which the table waits go on, or the one sink of `--sink`. */
export async function tableResume(
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const table = values.needed('table');
  const [by, reason] = [whoIsIt(values), values.text('reason')];
  const sinks = values.text('sink') === undefined ? Object.keys(config.sinks) : [sinkOf(config, values)];
  const body = { table, by, ...(reason === undefined ? {} : { reason }) };
  const places = sinks.map(
    (sink) => [`sink-${sink}`, opsUrl(config, ['sinks', sink]), '/tables/resume'] as const,
  );
  const capture = ['capture', opsUrl(config, ['capture']), '/api/tables/resume'] as const;
  const asked = values.text('sink') === undefined ? [capture, ...places] : places;
  const results = await Promise.all(
    asked.map(([service, url, path]) => resume(service, `${url}${path}`, body)),
  );
  const rows = results.map(({ service, resumed, problem }) => [service, resumed.length, problem]);
  show(screen, { table, by, services: results }, HEADINGS, rows);
  const isComplete = results.every(({ problem }) => problem === null);
  const isNone = results.every(({ resumed }) => resumed.length === 0);
  if (isComplete && isNone) throw new CommandFailed(`${table} waits nowhere: there is nothing to resume`);
  screen.say(`table resume: ${table} by ${by}`);
  return isComplete;
}

async function resume(service: string, page: string, body: unknown): Promise<Result> {
  try {
    const { resumed } = await order<{ resumed: readonly string[] }>(page, '', body);
    return { service, resumed, problem: null };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { service, resumed: [], problem: error.message };
  }
}
