import type { SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from '../operator/command-failed.ts';
import type { CommandLine, PipelineCommand } from '../operator/command.ts';
import { interruption } from '../operator/interruption.ts';
import { plural, show, type Screen } from '../operator/screen.ts';
import { BackupFolder } from './backup-folder.ts';
import { BackupTaking } from './take-backup.ts';

const HEADINGS = ['TOPIC', 'RECORDS'];

export const backupCommand: PipelineCommand = {
  name: 'backup',
  options: ['to'],
  help: 'write the pipeline’s own state (checkpoint, schema history, decisions, offsets) into a new folder, while it runs',
  connects: 'kafka',
  run: backup,
};

/** Throws UsageError, CommandFailed and PipelineError; then there is no manifest in the folder, and it is no backup. */
async function backup({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const to = values.needed('to');
  const folder = await BackupFolder.create(to);
  const { signal, forget } = interruption(process);
  const taking = new BackupTaking(config, folder, signal);
  try {
    const taken = await taking.run();
    const rows = Object.entries(taken.records);
    show(screen, { backup: to, ...taken }, HEADINGS, rows);
    const offsets = taken.groups.reduce((sum, group) => sum + group.offsets.length, 0);
    if (taken.unsealed > 0)
      screen.say(`${plural(taken.unsealed, 'record')} without a seal of kafka.sealKeyFile left out`);
    const { file, position } = taken.source;
    screen.say(
      `${to}: the checkpoint at ${file}:${position}, and offsets of ${plural(offsets, 'partition')}; rows, dead letters, stores and secrets are not in it`,
    );
    return true;
  } catch (error) {
    if (signal.aborted) throw new CommandFailed('interrupted: the folder is no backup', { cause: error });
    throw error;
  } finally {
    forget();
    taking.close();
  }
}
