import { PipelineError, type ErrorCode } from '@sluice/runtime';
import { ReplyError } from 'ioredis';

/** First word of an error reply: the one part of it that is a code. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ASK: 'REDIS_UNAVAILABLE',
  BUSY: 'REDIS_UNAVAILABLE',
  CLUSTERDOWN: 'REDIS_UNAVAILABLE',
  LOADING: 'REDIS_UNAVAILABLE',
  MASTERDOWN: 'REDIS_UNAVAILABLE',
  MISCONF: 'REDIS_UNAVAILABLE',
  MOVED: 'REDIS_UNAVAILABLE',
  NOREPLICAS: 'REDIS_UNAVAILABLE',
  NOSCRIPT: 'REDIS_UNAVAILABLE',
  OOM: 'REDIS_UNAVAILABLE',
  READONLY: 'REDIS_UNAVAILABLE',
  TRYAGAIN: 'REDIS_UNAVAILABLE',
  UNKILLABLE: 'REDIS_UNAVAILABLE',
  DENIED: 'REDIS_AUTH',
  NOAUTH: 'REDIS_AUTH',
  NOPERM: 'REDIS_AUTH',
  WRONGPASS: 'REDIS_AUTH',
  WRONGTYPE: 'REDIS_WRONG_TYPE',
};

/** Before Redis 7 an error inside a script comes as `ERR Error running script (…): @user_script:12: WRONGTYPE …`. */
const INSIDE_SCRIPT = /@user_script:\s*\d+:\s*-?([A-Z]+)\b/;

/** The code of an error reply; null for an error of the connection. */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof ReplyError) || !(error instanceof Error)) return null;
  const [first = ''] = error.message.split(' ', 1);
  return first === 'ERR' ? (INSIDE_SCRIPT.exec(error.message)?.[1] ?? first) : first;
}

/** A reply by its code: an unknown one is about the one row. Anything else is the connection's: Redis did not answer. */
export function toRedisError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const reply = replyCode(error);
  if (reply === null)
    return new PipelineError('REDIS_UNAVAILABLE', 'Redis does not answer', { cause: error });
  // The words of a reply may quote an argument, which may be a value of the row.
  return new PipelineError(CODES[reply] ?? 'REDIS_REFUSED', `Redis answered ${reply}`, {
    context: { reply },
  });
}
