import { SINK_NAMES, type SinkName } from '../pipelines/sink-pipeline.ts';
import type { FaultCase } from './fault-case.ts';

const KILLS = 2;

/** A sink that is killed at any moment of a batch, and started again by its supervisor. */
export function sinkKilled(sink: SinkName): FaultCase {
  return {
    title: `sink-${sink} is killed while it applies a batch, twice; the others go on`,
    recoverySeconds: 45,
    run: async (scene) => {
      const killed = scene.service(`sink-${sink}`);
      for (let kill = 0; kill < KILLS; kill++) {
        await killed.process.ready();
        await scene.goOn(scene.random.integer(0, 400));
        await killed.kill();
        await killed.relaunch();
      }
      scene.over();
      await scene.flows(SINK_NAMES.filter((name) => name !== sink));
    },
  };
}
