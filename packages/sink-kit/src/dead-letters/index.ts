export type { DeadLetterDecision, DeadLetterOutcome, Halt, PauseOrder, RewindOrder } from './decisions.ts';
export { describeDeadLetter, DeadLetterAdmin } from './dead-letter-admin.ts';
export { deadLetterId, type DeadLetter, type DeadLetterFilter } from './dead-letter.ts';
export type { IndexedDeadLetter } from './dead-letter-index.ts';
export { DeadLetterStore, type DeadLetterStoreOptions } from './dead-letter-store.ts';
export { isWornOut, REPLAYS_MAX } from './replay.ts';
