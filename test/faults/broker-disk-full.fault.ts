import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { FaultCase } from '../harness/faults/fault-case.ts';

export const fault: FaultCase = {
  title:
    'the disk of the Kafka broker is full: it takes nothing and ends; with space again it is started and goes on',
  recoverySeconds: 45,
  restarts: { 'sink-redis': 1, 'sink-elasticsearch': 1, 'sink-mysql': 1 },
  run: async (scene) => {
    // No file may grow (setrlimit(2)): what a full disk is to the one who writes.
    const pid = scene.stack.pid('kafka');
    execFileSync('prlimit', ['--fsize=1', '--pid', String(pid)]);
    await scene.isHeldBack(['redis', 'elasticsearch', 'mysql'], 2000);
    await scene.sign('the broker to end', () => !existsSync(`/proc/${pid}`), 60_000);
    await scene.stack.start('kafka');
    scene.over();
  },
};
