import { checkpointsTopic } from '@sluice/envelope';
import type { TopicReader } from '@sluice/kafka';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { Traces } from './claim.ts';

/** The place of the newest checkpoint, and who wrote it. */
export async function newestCheckpoint(
  reader: TopicReader,
  { prefix, config }: CaptureSettings,
): Promise<Traces['checkpoint']> {
  const newest = await reader.newestRecord(checkpointsTopic(prefix), config.pipeline);
  if (newest === null) return null;
  const text = (name: string): string => newest.headers.get(name)?.toString('utf8') ?? '';
  const mark = { host: text('host'), pid: text('pid'), since: text('since'), kernel: '', ticks: '' };
  return {
    offset: newest.offset,
    writer: mark.host === '' ? null : mark,
    speaks: newest.headers.has('instance'),
  };
}
