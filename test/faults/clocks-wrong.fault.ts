import type { FaultCase } from '../harness/faults/fault-case.ts';

const OFFSET = new URL('../harness/faults/clock-offset.ts', import.meta.url).href;

export const fault: FaultCase = {
  title:
    'the clock of capture is 10 minutes ahead and that of two sinks 10 minutes behind; both are killed once',
  recoverySeconds: 45,
  pipeline: {
    nodeArgs: {
      capture: ['--import', `${OFFSET}?minutes=10`],
      'sink-redis': ['--import', `${OFFSET}?minutes=-10`],
      'sink-mysql': ['--import', `${OFFSET}?minutes=-10`],
    },
  },
  run: async (scene) => {
    await scene.flows();
    for (const name of ['capture', 'sink-mysql'] as const) {
      await scene.service(name).kill();
      await scene.service(name).relaunch();
    }
    scene.over();
    await scene.flows();
    // It is told every second, for the first time a second after the start.
    let lag = Number.NaN;
    const isTold = async (): Promise<boolean> => {
      lag = await scene.metric('capture', 'cdc_binlog_lag_seconds');
      return Number.isFinite(lag);
    };
    await scene.sign('capture to tell its lag', isTold);
    if (lag < 0) throw new Error(`a lag of ${lag} s`);
  },
};
