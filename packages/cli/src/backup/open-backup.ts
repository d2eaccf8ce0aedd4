import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
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

/** Reads a backup, every file of it against its sum. Throws BACKUP_INVALID and RECORD_TOO_NEW. */
export async function openBackup(folder: string): Promise<Backup> {
  const text = (await readPart(folder, MANIFEST)).toString('utf8');
  const manifest = understood(folder, MANIFEST, () => parseManifest(text));
  const files = new Map<string, Buffer>();
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const content = await readPart(folder, name);
    const sum = createHash('sha256').update(content).digest('hex');
    if (content.length !== bytes || sum !== sha256)
      throw invalid(folder, `${name} is not what was written: its SHA-256 is ${sum}, not ${sha256}`);
    files.set(name, content);
  }
  const fileOf = (name: string): string => {
    const content = files.get(name);
    if (content === undefined) throw invalid(folder, `its manifest has no sum of ${name}`);
    return content.toString('utf8');
  };
  const groups = understood(folder, GROUPS, () => parseGroups(fileOf(GROUPS)));
  const topics = manifest.topics.flatMap((topic) => {
    if (topic.records === null) return [];
    const { file, count } = topic.records;
    const lines = fileOf(file).split('\n').slice(0, -1);
    const records = understood(folder, file, () => lines.map(parseRecordLine));
    if (records.length !== count)
      throw invalid(folder, `${file} has ${records.length} records, not ${count}`);
    return [{ topic, records }];
  });
  return { manifest, groups, topics };
}

async function readPart(folder: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw invalid(folder, `${name} cannot be read (${code})`, error);
  }
}

function understood<T>(folder: string, name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    const why = error instanceof z.ZodError ? z.prettifyError(error).split('\n')[0] : 'it is no JSON';
    throw invalid(folder, `${name} is not understood: ${why}`, error);
  }
}

export function invalid(folder: string, why: string, cause?: unknown): PipelineError {
  return new PipelineError('BACKUP_INVALID', `${folder}: ${why}`, { cause, context: { folder } });
}
