import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { errorEntry, PipelineError } from './errors.ts';

export type { Logger } from 'pino';

/**
 * JSON lines on standard output. Field names come from one small set, so that a log store indexes them once:
 * service, event, source, sink, database, table, topic, partition, offset, sequence, file, position, group, state,
 * attempt, records, bytes, durationMs, err. One line per state change, none per row.
 * What could hold a row or a secret is removed by name, wherever up to three levels deep.
 */
const HIDDEN = ['password', 'authorization', 'before', 'after', 'sql'];

/** `destination` is for tests; by default lines go to standard output, synchronously, so that the last one is never lost. */
export function createLogger(
  service: string,
  options: { readonly level: string },
  destination?: DestinationStream,
): Logger {
  return pino(
    {
      level: options.level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: HIDDEN.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
      serializers: { err: describeError },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/**
 * What of an error may be written. Messages of database drivers quote row values (`Duplicate entry 'ann@…'`), so of
 * those only the codes are kept; their own properties, the statement among them, never get out.
 */
export function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { name: typeof error };
  if (error instanceof PipelineError) {
    return {
      name: error.name,
      code: error.code,
      class: error.errorClass,
      message: error.message,
      fix: errorEntry(error.code).fix,
      context: error.context,
      ...(error.cause === undefined ? {} : { cause: describeCause(error.cause) }),
    };
  }
  return { ...describeCause(error), stack: framesOf(error) };
}

function describeCause(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { name: typeof error };
  const fromDatabase = 'sqlState' in error || 'sqlMessage' in error || 'sql' in error;
  return {
    name: error.name,
    ...('code' in error ? { code: error.code } : {}),
    ...('errno' in error ? { errno: error.errno } : {}),
    ...(fromDatabase ? {} : { message: error.message }),
  };
}

/** The stack without its first lines, which repeat the message. */
function framesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.trim())
    .join('\n');
}
