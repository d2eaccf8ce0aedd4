import type { FaultCase } from '../harness/faults/fault-case.ts';

const RESETS = 5;

export const fault: FaultCase = {
  title: 'the connections of capture to its source are reset, some in the middle of a transaction',
  recoverySeconds: 20,
  inEveryRun: true,
  run: async (scene) => {
    const disconnects = (): Promise<number> => scene.metric('capture', 'cdc_capture_disconnects_total');
    const before = (await disconnects()) || 0;
    // In small pieces, so that a reset finds transactions on their way; faster than the load, so that none is left behind.
    scene.proxies.source.impose({ sliceBytes: 400, bytesPerSecond: 200_000 }, 'answers');
    for (let reset = 1; reset <= RESETS; reset++) {
      await scene.sign('capture to stream', () => scene.isReady('capture'), 40_000);
      await scene.load(scene.random.integer(2, 12));
      scene.proxies.source.reset();
      // Until capture has seen it there is no connection that the next one could meet.
      const isCounted = async (): Promise<boolean> => (await disconnects()) >= before + reset;
      await scene.sign('the disconnect to be counted', isCounted, 40_000);
    }
    scene.proxies.source.clear();
    scene.over();
  },
};
