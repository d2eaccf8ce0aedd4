import type { FaultCase } from '../harness/faults/fault-case.ts';

const EVERY: readonly ('redis' | 'elasticsearch' | 'mysql')[] = ['redis', 'elasticsearch', 'mysql'];

export const fault: FaultCase = {
  title:
    'every sink hangs for longer than its session (SIGSTOP) while another process takes over, then goes on as a zombie',
  recoverySeconds: 60,
  run: async (scene) => {
    const zombies = EVERY.map((sink) => scene.service(`sink-${sink}`));
    await scene.load(5);
    for (const zombie of zombies) zombie.pause();
    const others = await Promise.all(EVERY.map((sink) => scene.pipeline.launchAnother(`sink-${sink}`)));
    await scene.flows(EVERY, 60_000);
    for (const zombie of zombies) zombie.resume();
    await scene.load(30);
    for (const { process } of others) await process.stop();
    scene.over();
  },
};
