/**
 * NOT_JSON: the bytes are not JSON in UTF-8. UNKNOWN_MAJOR: an envelope of another major version, which needs another
 * Sluice. INVALID: JSON, but not an envelope; the message names the first field that is wrong, never its value.
 */
export type EnvelopeErrorCode = 'NOT_JSON' | 'UNKNOWN_MAJOR' | 'INVALID';

export class EnvelopeError extends Error {
  readonly code: EnvelopeErrorCode;

  constructor(code: EnvelopeErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'EnvelopeError';
    this.code = code;
  }
}
