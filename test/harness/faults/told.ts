import type { Trouble } from '@sluice/runtime';
import type { ServiceName } from '../pipelines/sink-pipeline.ts';
import type { Scene } from './scene.ts';

/** So soon every page of a service must tell of what holds it up. */
const TOLD_MS = 10_000;

/** What the pages of a service must say. */
export interface Wanted {
  /** Of `/health`: any status but `ok`. */
  readonly component: string;
  /** Of `lastError`. */
  readonly code: string;
  /** A part of `lastError`'s message. */
  readonly names?: string;
}

interface Pages {
  readonly ready: boolean;
  readonly health: { readonly components: Readonly<Record<string, { readonly status: string }>> };
  readonly status: { readonly lastError: Trouble | null };
  readonly readyMetric: number;
}

/** Waits until all pages of the service say that it is not well, and why; the seconds until then become a figure. */
export async function isTold(scene: Scene, service: ServiceName, wanted: Wanted): Promise<void> {
  const begun = performance.now();
  let last: unknown = null;
  const look = async (): Promise<boolean> => {
    const pages = await pagesOf(scene, service);
    last = pages;
    return tells(pages, wanted);
  };
  await scene.sign(`${service} to say what is wrong`, look, TOLD_MS).catch((error: unknown) => {
    throw new Error(`${service} said ${JSON.stringify(last)}`, { cause: error });
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  scene.figures.push(`${service} told ${wanted.code} on every page after ${seconds} s`);
}

/** Waits until the pages say that all is well, and since when the error is over. */
export async function isOver(scene: Scene, service: ServiceName): Promise<void> {
  await scene.sign(
    `${service} to say that it is over`,
    async () => {
      const { ready, readyMetric, status, health } = await pagesOf(scene, service);
      const isWell = Object.values(health.components).every(({ status: now }) => now === 'ok');
      return ready && readyMetric === 1 && isWell && status.lastError?.resolvedAt !== null;
    },
    60_000,
  );
}

function tells(
  { ready, health, status, readyMetric }: Pages,
  { component, code, names = '' }: Wanted,
): boolean {
  const { lastError } = status;
  if (ready || readyMetric !== 0 || lastError === null || lastError.resolvedAt !== null) return false;
  if (lastError.code !== code || !lastError.message.includes(names)) return false;
  return (health.components[component]?.status ?? 'ok') !== 'ok';
}

async function pagesOf(scene: Scene, name: ServiceName): Promise<Pages> {
  const service = scene.service(name);
  const [ready, health, status, metrics] = await Promise.all([
    service.isReady(),
    service.health(),
    service.status(),
    service.metrics(),
  ]);
  const readyMetric = Number(/^cdc_ready (\d)$/m.exec(metrics)?.[1] ?? Number.NaN);
  return {
    ready,
    health: health.body as Pages['health'],
    status: status as Pages['status'],
    readyMetric,
  };
}
