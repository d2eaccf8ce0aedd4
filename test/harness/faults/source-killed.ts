import type { Flavour } from '../histories/replica.ts';
import type { FaultCase } from './fault-case.ts';
import { withGap } from './reader-gap.ts';
import type { Scene } from './scene.ts';
import type { PipelineWishes } from './service-launcher.ts';
import { REPLICATION } from './source-roles.ts';
import { streamOf } from './source-stream.ts';
import { isTold } from './told.ts';

/** It stays up, and looks again by itself. */
const STAYS: PipelineWishes = { onFatal: 'stay' };
const GOES_ON_MS = 60_000;

/** The replica has just what was published: it takes the place of the source. */
export function replicaIsEqual(flavour: Flavour): FaultCase {
  return {
    title: `the source (${flavour}) is killed, and its replica has all that was published: it takes its place, and capture goes on there`,
    recoverySeconds: 45,
    replicated: flavour,
    pipeline: STAYS,
    run: async (scene) => {
      const { servers } = scene.replicated;
      await withGap(scene, async () => {
        await atRest(scene);
        await hasAll(scene, flavour);
        await servers.caughtUp();
        await servers.killSource();
        await promote(scene, flavour);
        await goesOnThere(scene);
        scene.over();
      });
    },
  };
}

/** The replica has more than was published. */
export function replicaIsAhead(flavour: Flavour): FaultCase {
  return {
    title: `the source (${flavour}) is killed while capture is away, and its replica has more than was published: nothing of it is lost`,
    recoverySeconds: 45,
    replicated: flavour,
    pipeline: STAYS,
    run: async (scene) => {
      const { servers } = scene.replicated;
      await withGap(scene, async () => {
        await scene.service('capture').kill();
        await scene.load(50);
        await atRest(scene);
        await servers.caughtUp();
        await servers.killSource();
        await promote(scene, flavour);
        await scene.service('capture').relaunch();
        await goesOnThere(scene);
        scene.over();
      });
    },
  };
}

/** The replica lacks what was published: it is refused until the source is back. */
export function replicaIsBehind(flavour: Flavour): FaultCase {
  return {
    title: `the source (${flavour}) is killed, and its replica lacks what was published: capture reads nothing there, says so, and goes on when the source is back`,
    recoverySeconds: 60,
    replicated: flavour,
    pipeline: STAYS,
    run: async (scene) => {
      const { servers } = scene.replicated;
      await withGap(scene, async () => {
        await servers.on('replica', REPLICATION[flavour].stop);
        await scene.load(20);
        await scene.flows();
        await servers.killSource();
        const names = 'it lacks published transactions';
        await isTold(scene, 'capture', { component: 'stream', code: 'SOURCE_DIVERGED', names });
        await servers.startSource();
        scene.over();
        await scene.flows(undefined, GOES_ON_MS);
      });
      await servers.on('replica', REPLICATION[flavour].start);
      if ((await streamOf(scene))?.generation !== 1) throw new Error('another generation was opened');
    },
  };
}

/** Semi-synchronous: a commit is acknowledged when the replica has it; killed under load. */
export function semiSynchronous(): FaultCase {
  return {
    title:
      'the source (mysql, semi-synchronous) is killed under load: its replica has each acknowledged commit, takes its place, and capture goes on there',
    recoverySeconds: 45,
    replicated: 'mysql',
    pipeline: STAYS,
    run: async (scene) => {
      const { servers } = scene.replicated;
      await beSemiSynchronous(scene);
      // Capture reads the same binlog as the replica: what it has before the replica is refused later. Its way is the longer one here.
      scene.proxies.source.impose({ latencyMs: 50 });
      await scene.load(50);
      await withGap(scene, async () => {
        const acknowledged = scene.changes.committed;
        await servers.killSource();
        await promote(scene, 'mysql');
        await goesOnThere(scene);
        scene.over();
        scene.figures.push(`${acknowledged} transactions were acknowledged before`);
      });
    },
  };
}

/** Nothing is committed on the source any more, until it is killed. */
async function atRest({ replicated }: Scene): Promise<void> {
  await replicated.servers.on('source', 'FLUSH TABLES WITH READ LOCK');
}

/** Waits until capture has read all that the source has. */
async function hasAll(scene: Scene, flavour: Flavour): Promise<void> {
  const variable = flavour === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos';
  const [row] = await scene.replicated.servers.on('source', `SELECT @@GLOBAL.${variable} AS gtids`);
  const all = String(row?.['gtids']).replace(/\s/gu, '');
  const isThere = async (): Promise<boolean> => (await streamOf(scene))?.gtidSet === all;
  await scene.sign('capture to have read everything', isThere);
}

/** The replica takes writes, and the name leads there. */
async function promote({ replicated }: Scene, flavour: Flavour): Promise<void> {
  const { servers, name } = replicated;
  const { stop, forget } = REPLICATION[flavour];
  for (const statement of [stop, forget, 'SET GLOBAL read_only = OFF'])
    await servers.on('replica', statement);
  const { host, port } = servers.replica;
  name.moveTo({ host, port });
}

async function goesOnThere(scene: Scene): Promise<void> {
  const isThere = async (): Promise<boolean> => (await streamOf(scene))?.generation === 2;
  await scene.sign('capture to go on at the replica', isThere, GOES_ON_MS);
  await scene.flows(undefined, GOES_ON_MS);
}

async function beSemiSynchronous({ replicated: { servers } }: Scene): Promise<void> {
  await servers.on('source', "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
  await servers.on('replica', "INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
  await servers.on('source', 'SET GLOBAL rpl_semi_sync_source_enabled = ON');
  await servers.on('replica', 'SET GLOBAL rpl_semi_sync_replica_enabled = ON');
  await servers.on('replica', 'STOP REPLICA IO_THREAD');
  await servers.on('replica', 'START REPLICA IO_THREAD');
  const [row] = await servers.on('source', "SHOW STATUS LIKE 'Rpl_semi_sync_source_status'");
  if (row?.['Value'] !== 'ON') throw new Error('the source does not wait for its replica');
}
