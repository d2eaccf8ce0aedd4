import type { SluiceConfig } from '@sluice/runtime';
import { audited } from './audited.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { sinkOf, whoIsIt, withDeadLetters } from './dead-letters.ts';
import { pauseObeyed, type Obedience } from './pause-obeyed.ts';
import { show, type Screen } from './screen.ts';

/** All tables of a sink. */
const ALL = '*';
const OPTIONS = ['sink', 'token-file', 'ca-file', 'by', 'reason'] as const;

export const sinkPauseCommand: PipelineCommand = {
  name: 'sink pause',
  options: OPTIONS,
  help: 'apply nothing in a sink until sink resume, over restarts too; its records wait in Kafka',
  connects: 'kafka',
  run: sinkPause,
};

export const sinkResumeCommand: PipelineCommand = {
  name: 'sink resume',
  options: OPTIONS,
  help: 'let a sink continue that sink pause has stopped',
  connects: 'kafka',
  run: sinkResume,
};

async function sinkPause({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const [sink, by, reason] = [sinkOf(config, values), whoIsIt(values), values.text('reason')];
  await pauseIn({ config, sink, table: ALL, by, reason, screen }, 'sink pause');
  const obedience = await pauseObeyed({ config, sink, table: ALL, isPaused: true, values });
  show(screen, { sink, by, paused: true, ...obedience }, [], []);
  screen.say(`${sink} applies nothing from now on; sluice sink resume --sink ${sink}`);
  return areObeying(sink, obedience, screen);
}

async function sinkResume({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const [sink, by, reason] = [sinkOf(config, values), whoIsIt(values), values.text('reason')];
  const isLifted = await liftIn({ config, sink, table: ALL, by, reason, screen }, 'sink resume');
  if (!isLifted) throw new CommandFailed(`${sink} is not paused: nothing to resume`);
  const obedience = await pauseObeyed({ config, sink, table: ALL, isPaused: false, values });
  show(screen, { sink, by, paused: false, ...obedience }, [], []);
  screen.say(`${sink} continues within seconds`);
  return areObeying(sink, obedience, screen);
}

/** Says which processes were not seen to obey; true when there is none. */
export function areObeying(sink: string, { obeying, problems }: Obedience, screen: Screen): boolean {
  for (const problem of problems) screen.say(`${sink}: not seen to obey: ${problem}`);
  if (problems.length > 0)
    screen.say(
      `the order stands in Kafka, and ${sink} obeys it as soon as it reads it: look at sluice status`,
    );
  else if (obeying.length === 0) screen.say(`no process of ${sink} runs: it obeys from its start on`);
  return problems.length === 0;
}

/** Whom a pause is about, and who gives the order. */
export interface PauseWish {
  readonly config: SluiceConfig;
  readonly sink: string;
  /** `database.table`, or `*` for all of the sink. */
  readonly table: string;
  readonly by: string;
  readonly reason: string | undefined;
  readonly screen: Screen;
}

/** Every process of the sink obeys within seconds. Throws PipelineError when Kafka does not take it. */
export async function pauseIn(wish: PauseWish, command: string): Promise<void> {
  const { config, sink, table, by, reason, screen } = wish;
  await audited({ config, command, order: { sink, table, by, reason }, screen }, () =>
    withDeadLetters({ config, sink, decides: true }, (admin) => admin.pause(table, by, reason)),
  );
}

/** Resolves to whether there was a pause. */
export async function liftIn(wish: PauseWish, command: string): Promise<boolean> {
  const { config, sink, table, by, reason, screen } = wish;
  const isPaused = await withDeadLetters({ config, sink, decides: false }, async (admin) =>
    (await admin.store.refresh()).pauses.has(table),
  );
  if (!isPaused) return false;
  return audited({ config, command, order: { sink, table, by, reason }, screen }, () =>
    withDeadLetters({ config, sink, decides: true }, (admin) => admin.resume(table)),
  );
}
