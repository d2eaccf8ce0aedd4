import { isTlsFailureCode, PipelineError, type ErrorCode } from '@sluice/runtime';
import { ReplyError } from 'ioredis';
import { CODES } from './errors.ts';

/** First word of an error reply: the one part of it that is a code. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const BY_REPLY: Readonly<Record<string, ErrorCode>> = {
  // The server, or this one of a cluster, cannot serve now: nothing is wrong with the row.
  ASK: CODES.REDIS_UNAVAILABLE, // the slot is moving to another server
  BUSY: CODES.REDIS_UNAVAILABLE, // somebody's script runs too long
  CLUSTERDOWN: CODES.REDIS_UNAVAILABLE, // not enough servers of the cluster are there
  CROSSSLOT: CODES.REDIS_UNAVAILABLE, // the keys of a script lie on several servers: of no row's making
  LOADING: CODES.REDIS_UNAVAILABLE, // it reads its file after a start
  MASTERDOWN: CODES.REDIS_UNAVAILABLE, // a replica that has lost its master
  MISCONF: CODES.REDIS_UNAVAILABLE, // it cannot save to its disk and therefore takes no writes
  MOVED: CODES.REDIS_UNAVAILABLE, // the slot is at another server
  NOREPLICAS: CODES.REDIS_UNAVAILABLE, // fewer replicas than `min-replicas-to-write`
  NOSCRIPT: CODES.REDIS_UNAVAILABLE, // the script was forgotten between loading and calling it
  OOM: CODES.REDIS_UNAVAILABLE, // `maxmemory` is reached and nothing may be evicted
  READONLY: CODES.REDIS_UNAVAILABLE, // a replica, as after a failover
  TRYAGAIN: CODES.REDIS_UNAVAILABLE, // the keys of one script are on two servers while their slot moves
  UNKILLABLE: CODES.REDIS_UNAVAILABLE, // somebody's script runs too long and has written already
  // Only a person can change a password or a permission.
  DENIED: CODES.REDIS_AUTH, // protected mode
  NOAUTH: CODES.REDIS_AUTH,
  NOPERM: CODES.REDIS_AUTH,
  WRONGPASS: CODES.REDIS_AUTH,
  // This key alone holds something that is no row; every other key is fine.
  WRONGTYPE: CODES.REDIS_WRONG_TYPE,
};

/** Before Redis 7 an error inside a script comes as `ERR Error running script (…): @user_script:12: WRONGTYPE …`. */
const INSIDE_SCRIPT = /@user_script:\s*\d+:\s*-?([A-Z]+)\b/;

/** The code of an error reply; null for an error of the connection. */
export function replyCode(error: unknown): string | null {
  if (!(error instanceof ReplyError) || !(error instanceof Error)) return null;
  const [first = ''] = error.message.split(' ', 1);
  return first === 'ERR' ? (INSIDE_SCRIPT.exec(error.message)?.[1] ?? first) : first;
}

/** The code of a TLS handshake that failed; null for every other error. */
export function tlsFailureOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return isTlsFailureCode(code) ? code : null;
}

export function tlsFailed(code: string, cause: unknown): PipelineError {
  return new PipelineError(CODES.REDIS_TLS_FAILED, `no TLS connection to Redis: ${code}`, { cause });
}

/**
 * A reply by its code; an unknown one is about what was asked: one row, or the connection, as `ERR max number of clients
 * reached` is. Anything else is the connection's: Redis did not answer.
 */
export function toRedisError(error: unknown, about: 'row' | 'connection' = 'row'): PipelineError {
  if (error instanceof PipelineError) return error;
  const reply = replyCode(error);
  const tlsCode = tlsFailureOf(error);
  if (tlsCode !== null) return tlsFailed(tlsCode, error);
  if (reply === null)
    return new PipelineError(CODES.REDIS_UNAVAILABLE, 'Redis does not answer', { cause: error });
  // The words of a reply may quote an argument, which may be a value of the row.
  const unknown = about === 'row' ? CODES.REDIS_REFUSED : CODES.REDIS_UNAVAILABLE;
  return new PipelineError(BY_REPLY[reply] ?? unknown, `Redis answered ${reply}`, {
    context: { reply },
  });
}
