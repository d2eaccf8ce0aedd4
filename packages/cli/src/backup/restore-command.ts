import type { SluiceConfig } from '@sluice/runtime';
import { audited } from '../operator/audited.ts';
import { CommandFailed } from '../operator/command-failed.ts';
import type { CommandLine, PipelineCommand } from '../operator/command.ts';
import { whoIsIt } from '../operator/dead-letters.ts';
import { interruption } from '../operator/interruption.ts';
import { show, type Screen } from '../operator/screen.ts';
import { UsageError } from '../operator/usage-error.ts';
import { openBackup, refuseOther, type Backup } from './open-backup.ts';
import { applyRestore, planRestore, type RestorePlan } from './restore.ts';
import { documentOf, HEADINGS, remarksOf, rowsOf } from './restore-text.ts';

export const restoreCommand: PipelineCommand = {
  name: 'restore',
  options: ['from', 'dry-run', 'apply', 'by'],
  help: 'write what sluice backup has kept into Kafka; capture and the sinks must be stopped; says only what it would do without --apply',
  connects: 'source',
  run: restore,
};

async function restore({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const from = values.needed('from');
  const applies = values.flag('apply');
  if (applies && values.flag('dry-run')) throw new UsageError('--dry-run and --apply contradict each other');
  const backup = await openBackup(from);
  refuseOther(from, backup, config);
  const { signal, forget } = interruption(process);
  try {
    const plan = await planRestore(config, backup, signal);
    show(screen, documentOf(from, backup, plan, !applies), HEADINGS, rowsOf(plan));
    for (const remark of remarksOf(config, backup, plan)) screen.say(remark);
    if (plan.refusal !== null) throw plan.refusal;
    if (applies) await perform(from, backup, plan, { config, by: whoIsIt(values), screen, signal });
    else screen.say('dry run: nothing was written; --apply does it');
    return true;
  } catch (error) {
    if (signal.aborted)
      throw new CommandFailed('interrupted: run it again, it writes what is missing', { cause: error });
    throw error;
  } finally {
    forget();
  }
}

async function perform(
  from: string,
  backup: Backup,
  plan: RestorePlan,
  given: {
    readonly config: SluiceConfig;
    readonly by: string;
    readonly screen: Screen;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { config, by, screen, signal } = given;
  const records = plan.topics.reduce((sum, { missing }) => sum + missing.length, 0);
  const offsets = plan.groups.reduce((sum, { moves }) => sum + moves.length, 0);
  const order = { from, takenAt: backup.manifest.takenAt, records, offsets, by };
  const problems = await audited({ config, command: 'restore', order, screen }, () =>
    applyRestore(config, backup, plan, signal),
  );
  for (const { topic, setting, found, required } of problems)
    screen.say(`${topic}: ${setting} is ${found} here, and was ${required}`);
  screen.say(`restored: ${records} records and ${offsets} offsets were written, and read back`);
}
