import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileLines, fileSum, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { z } from 'zod';
import {
  GROUPS,
  MANIFEST,
  parseGroups,
  parseManifest,
  type BackupGroup,
  type BackupManifest,
  type BackupTopic,
} from './backup-manifest.ts';
import { parseRecordLine, type KeptRecord } from './kept-record.ts';
import { isOwnTopic } from './own-topics.ts';
import { refuseAddress } from './refuse-address.ts';

/** A topic, and the records of it that are to be there. */
export interface RestorableTopic {
  readonly topic: BackupTopic;
  readonly records: readonly KeptRecord[];
}

export interface Backup {
  readonly manifest: BackupManifest;
  readonly groups: readonly BackupGroup[];
  /** In the order of the manifest. */
  readonly topics: readonly RestorableTopic[];
}

/** Reads a backup, every file of it against its sum. Throws BACKUP_INVALID, RECORD_TOO_NEW, and CommandFailed for an address. */
export async function openBackup(folder: string): Promise<Backup> {
  refuseAddress('from', folder);
  const textOf = (name: string): Promise<string> => read(folder, name, (path) => readFile(path, 'utf8'));
  const text = await textOf(MANIFEST);
  const manifest = await understood(folder, MANIFEST, () => parseManifest(text));
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const found = await read(folder, name, fileSum);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw invalid(folder, `${name} is not what was written: its SHA-256 is ${found.sha256}, not ${sha256}`);
  }
  const needSum = (name: string): void => {
    if (!Object.hasOwn(manifest.files, name)) throw invalid(folder, `its manifest has no sum of ${name}`);
  };
  needSum(GROUPS);
  const groupsText = await textOf(GROUPS);
  const groups = await understood(folder, GROUPS, () => parseGroups(groupsText));
  const topics: RestorableTopic[] = [];
  for (const topic of manifest.topics) {
    if (topic.records === null) continue;
    const { file, count } = topic.records;
    needSum(file);
    const records = await understood(folder, file, () => recordsOf(join(folder, file)));
    if (records.length !== count)
      throw invalid(folder, `${file} has ${records.length} records, not ${count}`);
    topics.push({ topic, records });
  }
  return { manifest, groups, topics };
}

async function recordsOf(path: string): Promise<readonly KeptRecord[]> {
  const records: KeptRecord[] = [];
  for await (const line of fileLines(path)) records.push(parseRecordLine(line));
  return records;
}

async function read<T>(folder: string, name: string, reading: (path: string) => Promise<T>): Promise<T> {
  try {
    return await reading(join(folder, name));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw invalid(folder, `${name} cannot be read (${code})`, error);
  }
}

async function understood<T>(folder: string, name: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    const why = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0] : 'it is no JSON';
    throw invalid(folder, `${name} is not understood: ${why}`, error);
  }
}

export function invalid(folder: string, why: string, cause?: unknown): PipelineError {
  return new PipelineError('BACKUP_INVALID', `${folder}: ${why}`, { cause, context: { folder } });
}

/**
 * Throws BACKUP_INVALID for the backup of another pipeline, or of other topics, and for one that somebody has made to write elsewhere: its
 * sums say that it is whole, not who has written it.
 */
export function refuseOther(
  from: string,
  { manifest, topics, groups }: Backup,
  {
    pipeline,
    topics: { prefix },
  }: Pick<SluiceConfig, 'pipeline'> & { readonly topics: { readonly prefix: string } },
): void {
  if (manifest.pipeline !== pipeline)
    throw invalid(from, `it is of pipeline ${manifest.pipeline}, and the configuration is of ${pipeline}`);
  if (manifest.prefix !== prefix)
    throw invalid(from, `its topics begin with ${manifest.prefix}, and topics.prefix is ${prefix}`);
  const stray = topics.find(({ topic }) => !isOwnTopic(prefix, topic.name));
  if (stray !== undefined)
    throw invalid(from, `it has records for ${stray.topic.name}, which is no topic of the pipeline's state`);
  const other = groups.find(({ sink, group }) => group !== `${pipeline}.${sink}`);
  if (other !== undefined)
    throw invalid(from, `it has offsets for ${other.group}, which is not the group of sink ${other.sink}`);
}
