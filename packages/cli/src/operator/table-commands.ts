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

/** `table resume`: every sink in which the table waits goes on, or the one of `--sink`. */
export async function tableResume(
  { values }: CommandLine,
  config: SluiceConfig,
  screen: Screen,
): Promise<boolean> {
  const table = values.needed('table');
  const [by, reason] = [whoIsIt(values), values.text('reason')];
  const sinks = values.text('sink') === undefined ? Object.keys(config.sinks) : [sinkOf(config, values)];
  const body = { table, by, ...(reason === undefined ? {} : { reason }) };
  const results = await Promise.all(
    sinks.map((sink) => resume(`sink-${sink}`, opsUrl(config, ['sinks', sink]), body)),
  );
  const rows = results.map(({ service, resumed, problem }) => [service, resumed.length, problem]);
  show(screen, { table, by, services: results }, HEADINGS, rows);
  const isComplete = results.every(({ problem }) => problem === null);
  const isNone = results.every(({ resumed }) => resumed.length === 0);
  if (isComplete && isNone) throw new CommandFailed(`${table} waits in no sink: there is nothing to resume`);
  screen.say(`table resume: ${table} by ${by}`);
  return isComplete;
}

async function resume(service: string, url: string, body: unknown): Promise<Result> {
  try {
    const { resumed } = await order<{ resumed: readonly string[] }>(url, '/tables/resume', body);
    return { service, resumed, problem: null };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { service, resumed: [], problem: error.message };
  }
}
