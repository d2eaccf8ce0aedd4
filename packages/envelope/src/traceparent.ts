/**
 * Version 00 of `traceparent` (W3C Trace Context, 3.2): trace id and parent id, neither all zero, and flags. Later versions begin with other digits.
 */
const FORM = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Characters of one, each a byte. */
export const TRACEPARENT_LENGTH = 55;
/** Of a row's record: the trace that its change is part of. */
export const TRACEPARENT_HEADER = 'traceparent';

/** Whether a text from outside is one: it is passed on only in this form. */
export function isTraceparent(text: string): boolean {
  return FORM.test(text);
}
