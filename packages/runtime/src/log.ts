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
 * What of an error may be written. Messages of stores and of their drivers quote row values (`Duplicate entry 'ann@…'`), so of
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
  return {
    name: error.name,
    ...('code' in error ? { code: error.code } : {}),
    ...('errno' in error ? { errno: error.errno } : {}),
    ...(quotesValues(error) ? {} : { message: error.message }),
  };
}

/** The message of an error in one line for people; of one that may quote values its name and its numbers. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!quotesValues(error)) return error.message;
  const { name, code, errno } = error as Error & { readonly code?: string; readonly errno?: number };
  return `${code ?? name}${errno === undefined ? '' : ` (${errno})`}`;
}

/** What only errors of MySQL's driver (the first three), of Redis' (a reply and its command) and of Elasticsearch's have. */
const OF_STORES = ['sqlState', 'sqlMessage', 'sql', 'command', 'meta'] as const;

/** Whether the message is, or may hold, what a store has said, or the text that could not be parsed. */
function quotesValues(error: Error): boolean {
  return (
    error instanceof SyntaxError ||
    error.name === 'ReplyError' ||
    OF_STORES.some((member) => member in error && !(error instanceof PipelineError))
  );
}

/** The stack without its first lines, which repeat the message. */
function framesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.trim())
    .join('\n');
}
