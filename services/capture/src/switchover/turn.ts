import { boundAnswers, connect } from '@sluice/mysql';
import { queryRows } from '../source/query.ts';
import type { DeedParts } from './servers.ts';
import { LIMIT_MS } from './side.ts';

/** Of GET_LOCK: of one server, for as long as the connection lasts. */
const NAME = 'sluice_switchover';
const IDLE_S = 86_400;

/**
 * Two commands that lock, release and take back at a time would undo each other's steps. Resolves to null when another one is at work on the old
 * source. Throws a PipelineError with a MYSQL_… code.
 */
export async function takeTurn({
  config: { source },
  old: { host, port },
  login,
}: DeedParts): Promise<{ readonly end: () => void } | null> {
  const { tls, connectTimeoutMs } = source;
  const { user, password } = login ?? source;
  const options = { host, port, user, password, tls, connectTimeoutMs, setting: 'source.tls' };
  const connection = await connect(options);
  // One that is lost meanwhile ends the turn, not the command.
  connection.on('error', () => undefined);
  const end = (): void => connection.destroy();
  boundAnswers(connection, LIMIT_MS, `${host}:${port}`);
  try {
    // For as long as a switchover may take, whatever the server has for idle connections (s).
    await queryRows(connection, `SET SESSION wait_timeout = ${IDLE_S}`);
    const [row] = await queryRows(connection, `SELECT GET_LOCK('${NAME}', 0) AS taken`);
    if (Number(row?.['taken']) === 1) return { end };
  } catch (error) {
    end();
    throw error;
  }
  end();
  return null;
}
