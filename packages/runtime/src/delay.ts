/** What waits for a signal, which has one listener of all of it: Node.js 20 takes more than ten for a leak, and says so. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `action` when the signal aborts, as often as things wait for one signal.
 * @returns to be called when the action is not wanted any more
 */
export function whenAborted(signal: AbortSignal, action: () => void): () => void {
  if (signal.aborted) {
    action();
    return () => undefined;
  }
  const own = (): void => action();
  const actions = waiting.get(signal) ?? new Set();
  if (actions.size === 0) {
    waiting.set(signal, actions);
    signal.addEventListener('abort', callAll, { once: true });
  }
  actions.add(own);
  return () => {
    actions.delete(own);
    if (actions.size === 0) signal.removeEventListener('abort', callAll);
  };
}

function callAll(this: AbortSignal): void {
  for (const action of waiting.get(this) ?? []) action();
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it aborts. Leaves no timer or listener behind. */
export function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = whenAborted(signal, () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    });
  });
}

/**
 * Waits for `work` to settle, but for `ms` milliseconds at most; it continues behind. For shutdowns: a partner that does not
 * answer must not keep a process from ending. Never rejects. Resolves to whether it has settled.
 */
export async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException(String(reason), 'AbortError');
}
