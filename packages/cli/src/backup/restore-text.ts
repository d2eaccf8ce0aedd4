import { TopicRouting, deadLetterTopic } from '@sluice/envelope';
import { errorEntry, type SluiceConfig } from '@sluice/runtime';
import { age } from '../operator/age.ts';
import { plural, type Cell } from '../operator/screen.ts';
import type { Backup } from './open-backup.ts';
import type { RestorePlan } from './restore.ts';

export const HEADINGS = ['TOPIC', 'WHAT', 'RECORDS'];

const NAMED_MAX = 5;

export function rowsOf({ topics }: RestorePlan): readonly (readonly Cell[])[] {
  return topics.map(({ topic, action, missing }) => [topic.name, action, missing.length]);
}

export function documentOf(from: string, { manifest }: Backup, plan: RestorePlan, isDry: boolean): unknown {
  const { takenAt, clusterId, source } = manifest;
  return {
    restore: from,
    dryRun: isDry,
    takenAt,
    clusterId: { before: clusterId, now: plan.target.clusterId },
    source,
    start: plan.start,
    topics: plan.topics.map(({ topic, action, missing }) => ({
      topic: topic.name,
      action,
      records: missing.length,
    })),
    groups: plan.groups.map(({ moves, ...group }) => ({ ...group, set: moves.length })),
  };
}

/** What will be repeated, and what is missing. */
export function remarksOf(config: SluiceConfig, { manifest }: Backup, plan: RestorePlan): readonly string[] {
  const { target, topics, groups } = plan;
  const kept = topics.filter(({ action }) => action === 'keep').map(({ topic }) => topic.name);
  return [
    `the backup was taken ${age(manifest.takenAt, Date.now())} ago, from Kafka cluster ${manifest.clusterId}` +
      (manifest.clusterId === target.clusterId ? ', which this is' : `; this is ${target.clusterId}`),
    ...kept.map(
      (name) => `${name} has other records and stays as it is; to restore it, delete the topic first`,
    ),
    ...startRemarks(plan, manifest.source),
    ...lostRows(config, manifest, target.ids),
    ...groups.flatMap(({ sink, moves, stay, ahead, fromBeginning }) => [
      ...(moves.length > 0
        ? [`sink ${sink}: ${plural(moves.length, 'partition')} set to where it stood in the backup`]
        : []),
      ...(stay > 0
        ? [
            `sink ${sink}: ${plural(stay, 'partition')} stay where they are (${ahead} further than in the backup)`,
          ]
        : []),
      ...(fromBeginning > 0
        ? [
            `sink ${sink}: ${plural(fromBeginning, 'partition')} of topics that are gone or other ones are read from their beginning`,
          ]
        : []),
    ]),
  ];
}

function startRemarks(
  { start }: RestorePlan,
  { file, position }: Backup['manifest']['source'],
): readonly string[] {
  if (start === null) return [];
  const place = `the checkpoint (${file}:${position}, generation ${start.generation})`;
  if (start.refusal === null)
    return [`capture continues at ${place}: what was published since is published once more`];
  const { code, message } = start.refusal;
  return [
    `capture will not continue at ${place} as things are: ${code}: ${message} Fix: ${errorEntry(code).fix}`,
  ];
}

function lostRows(
  { topics }: SluiceConfig,
  manifest: Backup['manifest'],
  ids: ReadonlyMap<string, string>,
): readonly string[] {
  const routing = new TopicRouting(topics);
  const lost = manifest.topics.filter(({ name, id }) => ids.get(name) !== id).map(({ name }) => name);
  const rows = lost.filter((name) => routing.isDataTopic(name));
  const letters = lost.filter((name) => name.startsWith(deadLetterTopic(topics.prefix, '')));
  return [
    ...(rows.length > 0
      ? [
          `${plural(rows.length, 'topic')} of rows are gone or other ones (${shown(rows)}): capture makes them and reads their tables again`,
        ]
      : []),
    ...(letters.length > 0
      ? [
          `dead letters are in no backup (${shown(letters)}): a row that is refused once more becomes one again`,
        ]
      : []),
  ];
}

function shown(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
