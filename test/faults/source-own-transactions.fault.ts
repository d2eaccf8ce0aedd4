import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';
import { streamOf } from '../harness/faults/source-stream.ts';
import { isTold } from '../harness/faults/told.ts';

const THERE_MS = 60_000;

export const fault: FaultCase = {
  title:
    'a replica that capture reads has a transaction of its own, which changed no row, and is killed: the source is refused for what it lacks, until it has an empty transaction of that name',
  recoverySeconds: 45,
  replicated: 'mysql',
  pipeline: { onFatal: 'stay' },
  run: async (scene) => {
    const { servers } = scene.replicated;
    const { host, port } = servers.replica;
    await orderTo(scene, `${host}:${port}`);
    await reads(scene, 2);
    await servers.on('replica', `ANALYZE TABLE ${scene.pipeline.name}.item`);
    const own = await ownOfReplica(scene);
    await scene.load(20);
    await scene.flows();
    await servers.kill('replica');
    const names = `it lacks published transactions: ${own}`;
    await isTold(scene, 'capture', { component: 'stream', code: 'SOURCE_DIVERGED', names });
    for (const statement of [`SET gtid_next = '${own}'`, 'BEGIN', 'COMMIT', "SET gtid_next = 'AUTOMATIC'"])
      await servers.on('source', statement);
    await reads(scene, 3);
    scene.over();
    await scene.flows(undefined, THERE_MS);
    await servers.start('replica');
  },
};

async function orderTo(scene: Scene, to: string): Promise<void> {
  const capture = scene.service('capture');
  const { status } = await capture.process.order('/api/v1/source/switch', { to, by: 'test', reason: 'test' });
  if (status !== 202) throw new Error(`the order was answered with ${status}`);
}

async function reads(scene: Scene, generation: number): Promise<void> {
  const isThere = async (): Promise<boolean> => (await streamOf(scene))?.generation === generation;
  await scene.sign(`generation ${generation}`, isThere, THERE_MS);
}

/** The transaction that no other server has. */
async function ownOfReplica({ replicated: { servers } }: Scene): Promise<string> {
  const [row] = await servers.on('replica', 'SELECT @@server_uuid AS origin');
  const own = `${String(row?.['origin'])}:1`;
  const [there] = await servers.on(
    'replica',
    `SELECT GTID_SUBSET('${own}', @@GLOBAL.gtid_executed) AS is_own`,
  );
  if (Number(there?.['is_own']) !== 1) throw new Error('the replica has made no transaction of its own');
  return own;
}
