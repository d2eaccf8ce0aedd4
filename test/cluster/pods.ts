import { kubectl } from './kubectl.ts';

export interface RunningPod {
  readonly name: string;
  readonly isReady: boolean;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** Pods of a component that nobody has told to end. */
export async function podsOf(namespace: string, component: string): Promise<readonly RunningPod[]> {
  const label = `app.kubernetes.io/component=${component}`;
  const { items } = JSON.parse(
    await kubectl(['-n', namespace, 'get', 'pods', '-l', label, '-o', 'json']),
  ) as PodList;
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, status }) => ({
      name: metadata.name,
      isReady: (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    }));
}

/** Asks until something comes that is not null. Throws after `seconds`, with the last error when the question failed. */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + seconds * 1000;
  let last = '';
  while (performance.now() < end) {
    try {
      const found = await ask();
      if (found !== null) return found;
    } catch (error) {
      last = `: ${(error as Error).message}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`${what}: not within ${seconds} s${last}`);
}
