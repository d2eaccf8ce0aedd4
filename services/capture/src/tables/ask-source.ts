import type { Connection } from '@sluice/mysql';
import type { Source } from '../source/source.ts';

/** One question on a connection of its own. */
export async function askSource<T>(
  source: Pick<Source, 'connect'>,
  question: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await source.connect();
  try {
    return await question(connection);
  } finally {
    connection.destroy();
  }
}
