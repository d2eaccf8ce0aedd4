// @ts-expect-error kafkajs has no types of what it does not export
import untyped from 'kafkajs/src/network/requestQueue/index.js';

/** Requests of a connection of kafkajs. */
interface RequestQueue {
  /** Not sent yet: too many are on their way, or the broker throttles. */
  readonly pending: unknown[];
  checkPendingRequests: () => void;
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

interface RequestQueueClass {
  readonly prototype: RequestQueue;
  new (options: Readonly<Record<string, unknown>>): RequestQueue;
}

/** For the test alone. */
export const KafkajsRequestQueue = untyped as RequestQueueClass;

const { prototype } = KafkajsRequestQueue;
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * After its first answer each connection of kafkajs looks for requests that wait, every millisecond for as long as it is open,
 * whether one waits or not (its issue 1751): half of what a service without work costs. From now on it looks when one waits.
 */
export function calmRequestQueues(): void {
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
