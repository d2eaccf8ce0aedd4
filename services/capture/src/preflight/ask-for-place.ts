import type { Logger } from '@sluice/runtime';
import { readerOptions, type CaptureSettings } from '../settings/capture-settings.ts';
import { readFileCreatedAt } from '../source/file-created-at.ts';
import { checkGtidCoverage, readBinlogFiles } from '../source/server.ts';
import type { Source } from '../source/source.ts';
import type { Checkpoint } from '../state/checkpoint.ts';
import type { StartFacts } from '../state/plan-start.ts';

/** What the source has of the checkpoint's place. @param given.goesOn whether its file and position may mean the same there */
export async function askForPlace(
  settings: CaptureSettings,
  source: Source,
  given: { readonly checkpoint: Checkpoint | null; readonly goesOn: boolean; readonly log: Logger },
): Promise<Pick<StartFacts, 'gtidCoverage' | 'fileBytes' | 'currentFileCreatedAt'>> {
  const { checkpoint, goesOn, log } = given;
  if (checkpoint === null) return { gtidCoverage: null, fileBytes: null, currentFileCreatedAt: null };
  const { gtidSet, file } = checkpoint;
  const asksServer = gtidSet !== null && source.facts.flavour === 'mysql';
  const connection = await source.connect();
  try {
    const fileBytes = (await readBinlogFiles(connection)).get(file) ?? null;
    // Where positions say how to go on, the reading itself begins in the file and meets its beginning.
    const mustLook = goesOn && gtidSet !== null && fileBytes !== null;
    return {
      gtidCoverage: asksServer ? await checkGtidCoverage(connection, gtidSet) : null,
      fileBytes,
      currentFileCreatedAt: mustLook
        ? await readFileCreatedAt(readerOptions(settings, source, log), file)
        : null,
    };
  } finally {
    connection.destroy();
  }
}
