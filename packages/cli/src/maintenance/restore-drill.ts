import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteTopics, kafkaClient, listTopics } from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import { BackupFolder } from '../backup/backup-folder.ts';
import { openBackup, refuseOther, type Backup } from '../backup/open-backup.ts';
import { applyRestore, planRestore } from '../backup/restore.ts';
import { BackupTaking } from '../backup/take-backup.ts';
import { CommandFailed } from '../operator/command-failed.ts';
import { note, ok, wrong, type Finding } from '../operator/findings.ts';
import { plural } from '../operator/screen.ts';

const AGE_HOURS = 48;
/** Between the prefix of the pipeline and what no other drill has. */
const DRILL = '-drill-';
const SCRATCH = /^[\da-f]{8}\./u;

export interface Drill {
  readonly config: SluiceConfig;
  /** Folder of a backup; undefined: one is taken, and removed. */
  readonly from: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Whether a backup can be restored: every file of it is held against its sum, its records are written into topics of a scratch prefix by the
 * code of `sluice restore`, read back, compared, and removed. The pipeline runs meanwhile, and nothing of it is touched. Throws CommandFailed
 * and PipelineError.
 */
export async function restoreDrill(order: Drill): Promise<readonly Finding[]> {
  const { config } = order;
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const left = leftFindings(await listTopics(kafka, () => true), config.topics.prefix);
  return [...left, ...(await tried(order))];
}

/** Topics of a drill that was killed: nothing removes them, and who runs this now cannot know that no other drill does. */
export function leftFindings(topics: readonly string[], prefix: string): readonly Finding[] {
  const begin = `${prefix}${DRILL}`;
  const left = topics.filter((name) => name.startsWith(begin) && SCRATCH.test(name.slice(begin.length)));
  const [first] = left;
  if (first === undefined) return [];
  return [
    note(
      'restore',
      `${plural(left.length, 'topic')} of a drill that was broken off, such as ${first}`,
      `where no drill runs now, delete the topics that begin with ${begin}`,
    ),
  ];
}

async function tried({ config, from, signal }: Drill): Promise<readonly Finding[]> {
  if (from !== undefined) {
    const backup = await openBackup(from);
    refuseOther(from, backup, config);
    return [ageFinding(backup, Date.now()), ...(await drill(config, backup, signal))];
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-drill-'));
  const taking = new BackupTaking(config, await BackupFolder.create(folder), signal);
  try {
    await taking.run();
    const found = await drill(config, await openBackup(folder), signal);
    return [
      note('restore', 'a backup was taken for it: those of each day were not looked at (--from)', null),
      ...found,
    ];
  } catch (error) {
    if (signal.aborted)
      throw new CommandFailed('interrupted: whether it can be restored is not known', {
        cause: error,
        fix: 'run it again',
      });
    throw error;
  } finally {
    taking.close();
    await rm(folder, { recursive: true });
  }
}

async function drill(config: SluiceConfig, backup: Backup, signal: AbortSignal): Promise<readonly Finding[]> {
  const begun = performance.now();
  const scratch = scratchPrefix(config.topics.prefix);
  const [there, moved] = [
    scratchConfig(config, scratch),
    scratchBackup(config.topics.prefix, backup, scratch),
  ];
  try {
    const plan = await planRestore(there, moved, signal);
    if (plan.refusal !== null) throw plan.refusal;
    await applyRestore(there, moved, plan, signal);
  } finally {
    const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
    await deleteTopics(
      kafka,
      moved.topics.map(({ topic }) => topic.name),
    );
  }
  const records = moved.topics.reduce((sum, topic) => sum + topic.records.length, 0);
  const offsets = backup.groups.reduce((sum, group) => sum + group.offsets.length, 0);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const written = `${plural(records, 'record')} of ${plural(moved.topics.length, 'topic')} written under ${scratch}, read back equal and removed, in ${seconds} s`;
  return [
    ok(
      'restore',
      `every file has its sum; ${plural(offsets, 'stored offset')} are in it, which are not tried`,
    ),
    ok('restore', written),
  ];
}

/** @param nowMs milliseconds since 1970 */
export function ageFinding({ manifest }: Pick<Backup, 'manifest'>, nowMs: number): Finding {
  const hours = (nowMs - Date.parse(manifest.takenAt)) / 3_600_000;
  const found = `the backup was taken ${hours.toFixed(0)} hours ago`;
  if (hours <= AGE_HOURS) return ok('restore', found);
  return wrong('restore', {
    found,
    required: 'one of each day',
    fix: 'sluice backup --to FOLDER, every day',
  });
}

/** No topic of the pipeline begins with it, and no other drill has it. */
export function scratchPrefix(prefix: string): string {
  return `${prefix}${DRILL}${randomBytes(4).toString('hex')}`;
}

/** Under another name, so that nobody asks what capture would do with the checkpoint: the source is for the one that runs. */
function scratchConfig(config: SluiceConfig, scratch: string): SluiceConfig {
  return { ...config, pipeline: scratch, topics: { ...config.topics, prefix: scratch } };
}

/** The same records, in topics of their own. Offsets belong to the groups of the pipeline, which are not moved. */
export function scratchBackup(prefix: string, { manifest, topics }: Backup, scratch: string): Backup {
  return {
    manifest,
    groups: [],
    topics: topics.map(({ topic, records }) => ({
      records,
      topic: { ...topic, name: `${scratch}${topic.name.slice(prefix.length)}` },
    })),
  };
}
