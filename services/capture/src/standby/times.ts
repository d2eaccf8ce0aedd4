/** Between two looks at the topic of instances (ms). */
export const LOOK_MS = 250;
/** While a handover is under way. */
export const QUICK_LOOK_MS = 20;
/** For one answer of Kafka (ms): a look that takes longer tells nothing. */
export const ANSWER_MS = 2000;
