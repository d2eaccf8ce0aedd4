/** Between two looks at the topic of instances (ms). */
export const LOOK_MS = 250;
/** While a handover is under way. */
export const QUICK_LOOK_MS = 20;
/** For one answer of Kafka (ms): a look that takes longer tells nothing. */
export const ANSWER_MS = 2000;
/** At least so often (ms), whatever `takeoverMs` is: an order to hand over needs to know who is there. */
const RENEW_MAX_MS = 3000;

/** How often a capture says that it is there (ms). */
export function renewalMs({ takeoverMs }: { readonly takeoverMs: number }): number {
  return Math.min(RENEW_MAX_MS, takeoverMs / 3);
}
