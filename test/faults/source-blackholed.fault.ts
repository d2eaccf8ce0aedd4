import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title: 'packets between capture and its source vanish without a word: capture notices by itself',
  recoverySeconds: 30,
  run: async (scene) => {
    const proxy = scene.proxies.source;
    proxy.impose({ isBlackhole: true });
    const silent = (): Promise<number> =>
      scene.metric('capture', 'cdc_capture_disconnects_total', { reason: 'SOURCE_SILENT' });
    const before = (await silent()) || 0;
    // 2.5 heartbeats of a second, and a second.
    await scene.sign('the silence to be noticed', async () => (await silent()) > before, 15_000);
    await scene.sign('capture to be not ready', async () => !(await scene.isReady('capture')));
    if (!(await scene.service('capture').isLive()))
      throw new Error('a restart would not help, yet it asks for one');
    proxy.clear();
    proxy.reset();
    scene.over();
  },
};
