/**
 * What an operator must do about an error decides its class (design: section 6):
 * `retryable` — the other side did not answer: try again, for ever;
 * `record` — this one record cannot be applied: isolate it, dead-letter it, go on;
 * `schema` — the table's shape is not known on the other side: pause that table;
 * `fatal` — configuration, authentication, divergence: stop and say "fix me".
 */
export type ErrorClass = 'retryable' | 'record' | 'schema' | 'fatal';

interface ErrorEntry {
  readonly class: ErrorClass;
  readonly summary: string;
  readonly fix: string;
}

/** The one list of error codes; `docs/errors.md` is generated from it. Keep it sorted by code. */
export const ERRORS = {
  CONFIG_INVALID: {
    class: 'fatal',
    summary: 'sluice.yaml has a wrong, missing or unknown setting',
    fix: 'Correct each setting named in the message.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface PipelineErrorOptions {
  readonly cause?: unknown;
  /** Names and numbers only: never a row value, never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Every error that Sluice raises on purpose. Its class comes from the table, never from its text. */
export class PipelineError extends Error {
  readonly code: ErrorCode;
  readonly errorClass: ErrorClass;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: ErrorCode, message: string, options: PipelineErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.errorClass = ERRORS[code].class;
    this.context = options.context ?? {};
  }
}
