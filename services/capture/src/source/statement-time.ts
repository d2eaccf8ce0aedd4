import type { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { ServerFacts } from './server.ts';
import { queryRows } from './query.ts';

/** ER_QUERY_TIMEOUT of MySQL, ER_STATEMENT_TIMEOUT of MariaDB. */
const OUT_OF_TIME: ReadonlySet<unknown> = new Set([3024, 1969]);

/**
 * The server ends what the connection asks after so long, waiting for locks included: `max_execution_time` counts for SELECT only
 * (MySQL manual, "Server System Variables"), MariaDB's `max_statement_time` for all statements.
 */
export async function boundStatements(
  connection: Connection,
  { flavour }: Pick<ServerFacts, 'flavour'>,
  seconds: number,
): Promise<void> {
  const bound =
    flavour === 'mysql' ? `max_execution_time = ${seconds * 1000}` : `max_statement_time = ${seconds}`;
  await queryRows(connection, `SET SESSION ${bound}`);
}

/** Whether the server has ended a statement because of that. */
export function isOutOfTime({ context }: PipelineError): boolean {
  return OUT_OF_TIME.has(context['errno']);
}
