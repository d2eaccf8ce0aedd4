export type { Halt, LetterDecision, LetterOutcome, RewindOrder } from './decisions.ts';
export { describeLetter, LetterDesk } from './desk.ts';
export { letterId, type Letter, type LetterFilter } from './letter.ts';
export type { IndexedLetter } from './letter-index.ts';
export { LetterStore, type LetterStoreOptions } from './letter-store.ts';
export { isWornOut, REPLAYS_MAX } from './replay.ts';
