import type { SeededRandom } from '@sluice/seeded-random';
import { eventually } from '../eventually.ts';
import type { PairName } from './capture-pair.ts';
import type { KeptService } from './kept-service.ts';
import { beginRandomFault, type BegunFault } from './random-faults.ts';
import type { Scene } from './scene.ts';
import type { SourceRoles } from './source-roles.ts';
import { isIn } from './standby-capture.ts';

/** Faults of two captures and of the two servers that they read, and of all that others have. */
export const PAIR_KINDS = [
  'leader killed',
  'leader paused',
  'leader cut off from Kafka',
  'leader cut off from the source',
  'standby killed',
  'handover',
  'source failed over',
  'source killed',
  'other',
  'other',
  'other',
  'other',
] as const;
export type PairKind = (typeof PAIR_KINDS)[number];

/** Also under load of others on the machine. */
const PATIENCE_MS = 90_000;

interface Captures {
  readonly leader: KeptService;
  readonly leaderName: PairName;
  readonly standby: KeptService;
}

type Maker = (captures: Captures, scene: Scene, roles: SourceRoles) => Promise<BegunFault['end']>;

/** Begins a fault of this kind when one of the captures streams and the other stands by; where a takeover belongs to it, returns after that. */
export async function beginPairFault(
  kind: PairKind,
  scene: Scene,
  { roles, random }: { readonly roles: SourceRoles; readonly random: SeededRandom },
): Promise<BegunFault> {
  if (kind === 'other') return beginRandomFault(scene, random);
  const captures = await capturesOf(scene);
  const end = await MAKERS[kind](captures, scene, roles);
  return { name: `${kind} (${captures.leaderName} led)`, end };
}

/** Waits until one of them streams and the other stands by. */
async function capturesOf({ pipeline }: Scene): Promise<Captures> {
  const [capture, standby] = [pipeline.services.capture, pairOf(pipeline).standby];
  return eventually(
    'one capture to stream and the other to stand by',
    async () => {
      const states = await Promise.all([stateOf(capture), stateOf(standby)]);
      const [one, other] = states.map((state) => (state === 'snapshot' ? 'streaming' : state));
      if (one === 'streaming' && other === 'standby')
        return { leader: capture, leaderName: 'capture' as const, standby };
      if (one === 'standby' && other === 'streaming')
        return { leader: standby, leaderName: 'standby' as const, standby: capture };
      return undefined;
    },
    { timeoutMs: PATIENCE_MS, everyMs: 100 },
  );
}

async function stateOf(service: KeptService): Promise<string | undefined> {
  const status = (await service.status().catch(() => null)) as { readonly state?: string } | null;
  return status?.state;
}

function pairOf(pipeline: Scene['pipeline']): NonNullable<Scene['pipeline']['pair']> {
  if (pipeline.pair === null) throw new Error('the case did not ask for two captures');
  return pipeline.pair;
}

const streams = (capture: KeptService): Promise<number> => isIn(capture, 'streaming', 'snapshot');

const MAKERS: Readonly<Record<Exclude<PairKind, 'other'>, Maker>> = {
  'leader killed': async ({ leader, standby }) => {
    await leader.kill();
    await streams(standby);
    return () => leader.relaunch();
  },
  'leader paused': async ({ leader, standby }) => {
    leader.pause();
    await streams(standby);
    return () => leader.resume();
  },
  'leader cut off from Kafka': async ({ leaderName, standby }, { pipeline }) => {
    const { kafka } = pairOf(pipeline).ways[leaderName];
    kafka.impose({ isBlackhole: true });
    await streams(standby);
    return () => kafka.clear();
  },
  'leader cut off from the source': async ({ leaderName, standby }, { pipeline }) => {
    const { hosts } = pairOf(pipeline).ways[leaderName];
    await Promise.all(hosts.map((proxy) => proxy.refuse()));
    await streams(standby);
    return async () => void (await Promise.all(hosts.map((proxy) => proxy.accept())));
  },
  'standby killed': async ({ standby }) => {
    await standby.kill();
    return () => standby.relaunch();
  },
  handover: async ({ leader, standby }) => {
    const { status } = await leader.process.order('/api/v1/capture/handover', { by: 'soak' });
    if (status !== 202) throw new Error(`the order was answered with ${status}`);
    await streams(standby);
    return () => undefined;
  },
  'source failed over': async (_, scene, roles) => {
    await roles.failOver();
    await scene.flows();
    return () => roles.rejoin();
  },
  'source killed': async (_, __, roles) => {
    await roles.killPrimary();
    return () => roles.startPrimary();
  },
};
