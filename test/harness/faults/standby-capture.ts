import { eventually } from '../eventually.ts';
import { page } from '../processes/service-pages.ts';
import type { PipelineProcess } from '../pipelines/sink-pipeline.ts';
import type { PipelineWishes } from './service-launcher.ts';
import type { Scene } from './scene.ts';

/** Short, so that a case takes seconds. */
const TAKEOVER_MS = 3000;
/** What a takeover may take beyond the silence: a look, a check, a fence, a start. Four services and five servers share the processors. */
const START_MS = 5000;

export const STANDBY_PIPELINE: PipelineWishes = {
  sections: { capture: { standby: { takeoverMs: TAKEOVER_MS } } },
};

/** A second capture, with ways of its own to Kafka and source: what cuts off the first one does not cut it off. */
export async function startStandby(scene: Scene): Promise<PipelineProcess> {
  const { mysql, kafka } = scene.stack;
  const own = { source: { host: mysql.host, port: mysql.port }, kafka: { brokers: [...kafka.brokers] } };
  scene.pipeline.configure({ ...STANDBY_PIPELINE.sections, ...own });
  const standby = await scene.pipeline.launchAnother('capture');
  scene.pipeline.configure(STANDBY_PIPELINE.sections ?? {});
  await isIn(standby, 'standby');
  return standby;
}

/** Waits until the capture at this address is in one of these states; how long that took, in milliseconds. */
export async function isIn(
  { opsUrl }: { readonly opsUrl: string },
  ...states: readonly string[]
): Promise<number> {
  const begun = performance.now();
  await eventually(
    `capture to be ${states.join(' or ')}`,
    async () => {
      const { body } = await page(`${opsUrl}/status`);
      return states.includes((body as { readonly state: string }).state);
    },
    { timeoutMs: 60_000, everyMs: 50 },
  );
  return performance.now() - begun;
}

/** Waits until the standby streams. Throws when it took longer than it may. */
export async function takesOver(scene: Scene, standby: PipelineProcess): Promise<void> {
  const tookMs = await isIn(standby, 'streaming', 'snapshot');
  scene.figures.push(
    `the standby streamed after ${Math.round(tookMs)} ms; capture.standby.takeoverMs is ${TAKEOVER_MS}`,
  );
  const most = TAKEOVER_MS + START_MS;
  if (tookMs > most)
    throw new Error(`the standby took over after ${Math.round(tookMs)} ms, not within ${most}`);
}
