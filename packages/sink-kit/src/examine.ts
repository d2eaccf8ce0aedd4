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
