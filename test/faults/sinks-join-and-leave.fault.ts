import type { FaultCase } from '../harness/faults/fault-case.ts';

const ROUNDS = 4;

export const fault: FaultCase = {
  title:
    'a second process of every sink joins and is stopped or killed, again and again: rebalances without end',
  recoverySeconds: 60,
  run: async (scene) => {
    for (let round = 0; round < ROUNDS; round++) {
      const others = await Promise.all(
        (['sink-redis', 'sink-elasticsearch', 'sink-mysql'] as const).map((name) =>
          scene.pipeline.launchAnother(name),
        ),
      );
      await Promise.all(others.map(({ process }) => process.ready()));
      await scene.load(scene.random.integer(5, 30));
      await Promise.all(
        others.map(({ process }) => (scene.random.chance(0.5) ? process.kill() : process.stop())),
      );
    }
    scene.over();
  },
};
