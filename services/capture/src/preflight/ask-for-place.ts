import type { Logger } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { readerOptions, type CaptureSettings } from '../settings/capture-settings.ts';
import { readFileCreatedAt } from '../source/file-created-at.ts';
import { askMariadb } from '../source/mariadb-position.ts';
import { onConnection } from '../source/open-connection.ts';
import { checkGtidCoverage, readBinlogFiles, type GtidCoverage } from '../source/server.ts';
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
  return onConnection(source, {}, async (connection) => {
    const fileBytes = (await readBinlogFiles(connection)).get(file) ?? null;
    // Where positions say how to go on, the reading itself begins in the file and meets its beginning.
    const mustLook = goesOn && gtidSet !== null && fileBytes !== null;
    return {
      gtidCoverage: gtidSet === null ? null : await coverageOf(connection, source, checkpoint, gtidSet),
      fileBytes,
      currentFileCreatedAt: mustLook
        ? await readFileCreatedAt(readerOptions(settings, source, log), file)
        : null,
    };
  });
}

/** MariaDB itself judges where its own reading continues; of another server is asked whether it has all, before its generation is opened. */
async function coverageOf(
  connection: Connection,
  { facts }: Source,
  { server, flavour }: Checkpoint,
  gtidSet: string,
): Promise<GtidCoverage | null> {
  if (facts.flavour === 'mysql') return checkGtidCoverage(connection, gtidSet);
  if (server === facts.identity || flavour !== facts.flavour) return null;
  const { missing, hasPurged } = await askMariadb(connection, gtidSet);
  return { known: missing === '', available: !hasPurged };
}
