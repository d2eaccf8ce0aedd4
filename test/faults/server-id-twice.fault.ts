import { setTimeout as delay } from 'node:timers/promises';
import ZongJi from '@vlasky/zongji';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';

const SERVER_ID = 77_001;
const ROUNDS = 12;
/** Capture waits longer and longer between two tries: not one for each of the stranger's. */
const HELD_MS = 400;

export const fault: FaultCase = {
  title:
    'a stranger reads the binlog with the replica id of capture, again and again: the server ends one for the other',
  recoverySeconds: 30,
  pipeline: { sections: { source: { serverId: SERVER_ID } } },
  run: async (scene) => {
    const disconnects = async (): Promise<number> =>
      (await scene.metric('capture', 'cdc_capture_disconnects_total')) || 0;
    const before = await disconnects();
    for (let round = 0; round < ROUNDS; round++) await readAsStranger(scene);
    const lost = (await disconnects()) - before;
    if (lost === 0) throw new Error('the server did not end the stream of capture: this is no such fault');
    if (lost > ROUNDS) throw new Error(`${lost} connections lost to ${ROUNDS} of the stranger`);
    scene.over();
  },
};

/** Connects and reads for a moment, until it is told to stop or capture takes the id back. */
async function readAsStranger({ stack }: Scene): Promise<void> {
  const { host, port, user, password } = stack.mysql;
  const zongji = new ZongJi({ host, port, user, password });
  zongji.on('error', () => undefined);
  zongji.start({ serverId: SERVER_ID, startAtEnd: true });
  await delay(HELD_MS);
  zongji.stop();
}
