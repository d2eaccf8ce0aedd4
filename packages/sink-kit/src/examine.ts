import type { Logger, PreflightProblem, SluiceConfig } from '@sluice/runtime';

/** What a look at a store is done with. */
export interface ExamineOptions {
  readonly config: SluiceConfig;
  /** Name of the section. */
  readonly sink: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * What `src/doctor.ts` of a sink exports as `examineStore`, for `sluice doctor`: what the sink would find wrong with its store before it
 * begins, and what it only tells of. It changes no row and makes nothing. Throws a PipelineError when the store cannot be asked.
 */
export type ExamineStore = (options: ExamineOptions) => Promise<readonly PreflightProblem[]>;

/** What a store tells of the account of a sink, for `sluice maintenance monthly`. */
export interface StoreAccount {
  /** Rights that the sink has no use for, as the store names them; null where the store does not tell. */
  readonly excess: readonly string[] | null;
  /** Why `excess` is null, or how the rights that are too many are taken away. */
  readonly advice: string;
  /** When the password was set last, and when the server's certificate ends: milliseconds since 1970; null: the store does not tell. */
  readonly passwordSetMs: number | null;
  readonly certificateEndsMs: number | null;
  /** What was tried, where the store does not list all that the account may do; left out where it does. */
  readonly tried?: string;
}

/**
 * What `src/doctor.ts` of a sink may export as `examineAccount`: a look at what whoever has the login of the sink may do. It changes nothing.
 * Throws a PipelineError when the store cannot be asked.
 */
export type ExamineAccount = (options: ExamineOptions) => Promise<StoreAccount>;
