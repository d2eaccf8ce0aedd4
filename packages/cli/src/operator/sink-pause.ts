import type { SluiceConfig } from '@sluice/runtime';
import { audited } from './audited.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { sinkOf, whoIsIt, withDeadLetters } from './dead-letters.ts';
import { show, type Screen } from './screen.ts';

/** All tables of a sink. */
const ALL = '*';
const OPTIONS = ['sink', 'by', 'reason'] as const;

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
  show(screen, { sink, by, paused: true }, [], []);
  screen.say(`${sink} applies nothing from now on, within seconds; sluice sink resume --sink ${sink}`);
  return true;
}

async function sinkResume({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const [sink, by, reason] = [sinkOf(config, values), whoIsIt(values), values.text('reason')];
  const isLifted = await liftIn({ config, sink, table: ALL, by, reason, screen }, 'sink resume');
  if (!isLifted) throw new CommandFailed(`${sink} is not paused: nothing to resume`);
  show(screen, { sink, by, paused: false }, [], []);
  screen.say(`${sink} continues within seconds`);
  return true;
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
