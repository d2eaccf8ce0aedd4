import type { ServerName } from '@sluice/local-stack';
import type { FaultProxy } from '../fault-proxy/fault-proxy.ts';
import type { SeededRandom } from '@sluice/seeded-random';
import { SINK_SERVICES, type ServiceName } from '../pipelines/sink-pipeline.ts';
import { SERVICE_NAMES } from './fault-servers.ts';
import type { Scene } from './scene.ts';

/** A fault that has begun. */
export interface BegunFault {
  /** What happened to what, for a person. */
  readonly name: string;
  /** Undoes it. */
  end(): Promise<void> | void;
}

type Maker = (scene: Scene, random: SeededRandom) => Promise<BegunFault>;

const SERVERS: readonly ServerName[] = ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'];

const pickService = ({ pipeline }: Scene, random: SeededRandom): ServiceName =>
  random.pick(pipeline.pair === null ? SERVICE_NAMES : SINK_SERVICES);

const pickServer = ({ pipeline }: Scene, random: SeededRandom): ServerName =>
  random.pick(pipeline.pair === null ? SERVERS : SERVERS.filter((server) => server !== 'mysql'));

/**
 * Begins a fault that chance chooses: of a service, a server or the network between them. Where there are two captures, not of these and
 * their sources (`pair-faults.ts`).
 */
export function beginRandomFault(scene: Scene, random: SeededRandom): Promise<BegunFault> {
  return random.pick(MAKERS)(scene, random);
}

const serviceKilled: Maker = async (scene, random) => {
  const service = scene.service(pickService(scene, random));
  await service.kill();
  return { name: `${service.name} killed`, end: () => service.relaunch() };
};

const serviceStopped: Maker = async (scene, random) => {
  const service = scene.service(pickService(scene, random));
  await service.stop();
  return { name: `${service.name} stopped`, end: () => service.relaunch() };
};

const servicePaused: Maker = async (scene, random) => {
  const service = scene.service(pickService(scene, random));
  service.pause();
  return { name: `${service.name} paused`, end: () => service.resume() };
};

const serverKilled: Maker = async (scene, random) => {
  const server = pickServer(scene, random);
  await scene.stack.kill(server);
  return { name: `${server} killed`, end: () => startAgain(scene, server) };
};

const serverStopped: Maker = async (scene, random) => {
  const server = pickServer(scene, random);
  await scene.stack.kill(server, 'SIGTERM');
  return { name: `${server} stopped`, end: () => startAgain(scene, server) };
};

const serverPaused: Maker = async (scene, random) => {
  const server = pickServer(scene, random);
  await scene.stack.kill(server, 'SIGSTOP');
  return { name: `${server} paused`, end: () => scene.stack.kill(server, 'SIGCONT') };
};

const linkReset: Maker = async (scene, random) => {
  const [name, proxy] = pickLink(scene, random);
  proxy.reset();
  return { name: `${name} reset`, end: () => proxy.reset() };
};

const linkRefused: Maker = async (scene, random) => {
  const [name, proxy] = pickLink(scene, random);
  await proxy.refuse();
  return { name: `${name} refused`, end: () => proxy.accept() };
};

const linkBlackholed: Maker = async (scene, random) => {
  const [name, proxy] = pickLink(scene, random);
  const direction = random.chance(0.5) ? 'both' : 'answers';
  proxy.impose({ isBlackhole: true }, direction);
  const end = (): void => {
    proxy.clear();
    // What was swallowed does not come any more; some find it out by themselves, others need not wait for it.
    if (random.chance(0.5)) proxy.reset();
  };
  return { name: `${name} blackholed (${direction})`, end };
};

const linkSlow: Maker = async (scene, random) => {
  const [name, proxy] = pickLink(scene, random);
  proxy.impose({
    latencyMs: random.integer(20, 400),
    bytesPerSecond: random.integer(20_000, 200_000),
    sliceBytes: random.integer(100, 1500),
  });
  return { name: `${name} slow`, end: () => proxy.clear() };
};

/** As often as they stand here. */
const MAKERS: readonly Maker[] = [
  serviceKilled,
  serviceKilled,
  serviceStopped,
  servicePaused,
  serverKilled,
  serverStopped,
  serverPaused,
  linkReset,
  linkRefused,
  linkBlackholed,
  linkSlow,
];

/** On a machine that has much else to do a server may need longer than a start is given: it is tried once more. */
async function startAgain({ stack }: Scene, server: ServerName): Promise<void> {
  try {
    await stack.start(server);
  } catch {
    await stack.kill(server).catch(() => undefined); // it may have ended by itself
    await stack.start(server);
  }
}

function pickLink(scene: Scene, random: SeededRandom): readonly [string, FaultProxy] {
  const { source, kafka, stores } = scene.proxies;
  const isPair = scene.pipeline.pair !== null;
  const links: [string, FaultProxy][] = [
    ...(isPair ? [] : [['capture to its source', source] as [string, FaultProxy]]),
    ...(isPair ? SINK_SERVICES : SERVICE_NAMES).map((name): [string, FaultProxy] => [
      `${name} to Kafka`,
      kafka[name],
    ]),
    ...(['redis', 'elasticsearch', 'mysql'] as const).map((sink): [string, FaultProxy] => [
      `sink-${sink} to its store`,
      stores[sink],
    ]),
  ];
  return random.pick(links);
}
