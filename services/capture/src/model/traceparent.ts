import { isTraceparent } from '@sluice/envelope';

/** As sqlcommenter writes it: `traceparent='00-…-01'` between other pairs. */
const PAIR = /(?:^|[\s,])traceparent\s*=\s*'?(00-[0-9a-f-]{52})'?(?=$|[\s,])/;
/** A comment begins and ends within this many bytes of the statement's begin or end: statements can have megabytes. */
const LOOKED_AT_BYTES = 1024;

/**
 * The `traceparent` in the comment that a statement begins or ends with; null where there is none. What stands between may be a value that
 * only looks like one.
 * @param sql in any character set in which ASCII is ASCII
 */
export function traceparentIn(sql: Buffer): string | null {
  const begin = sql.toString('latin1', 0, LOOKED_AT_BYTES).trimStart();
  const end = sql.toString('latin1', Math.max(0, sql.length - LOOKED_AT_BYTES)).trimEnd();
  for (const comment of [commentAtEnd(end.replace(/;$/, '').trimEnd()), commentAtBegin(begin)]) {
    const found = comment === null ? undefined : PAIR.exec(comment)?.[1];
    if (found !== undefined && isTraceparent(found)) return found;
  }
  return null;
}

function commentAtEnd(text: string): string | null {
  const from = text.endsWith('*/') ? text.lastIndexOf('/*') : -1;
  return from < 0 ? null : text.slice(from + 2, -2);
}

function commentAtBegin(text: string): string | null {
  const end = text.startsWith('/*') ? text.indexOf('*/') : -1;
  return end < 0 ? null : text.slice(2, end);
}
