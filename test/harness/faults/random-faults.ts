import type { ServerName } from '@sluice/local-stack';
import type { FaultProxy } from '../fault-proxy/fault-proxy.ts';
import type { ServiceName } from '../sink-pipeline.ts';
import { SERVICE_NAMES } from './fault-servers.ts';
import type { Scene } from './scene.ts';

/** A fault that has begun. */
export interface BegunFault {
  /** What happened to what, for a person. */
  readonly name: string;
  /** Undoes it. */
  end(): Promise<void> | void;
}

type Maker = (scene: Scene) => Promise<BegunFault>;

const SERVERS: readonly ServerName[] = ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'];

const pick = <T>({ random }: Scene, from: readonly T[]): T => from[random.integer(0, from.length - 1)] as T;
const pickService = (scene: Scene): ServiceName => pick(scene, SERVICE_NAMES);

/** Begins a fault that chance chooses: of a service, a server or the network between them. */
export function beginRandomFault(scene: Scene): Promise<BegunFault> {
  return pick(scene, MAKERS)(scene);
}

const serviceKilled: Maker = async (scene) => {
  const service = scene.service(pickService(scene));
  await service.kill();
  return { name: `${service.name} killed`, end: () => service.relaunch() };
};

const serviceStopped: Maker = async (scene) => {
  const service = scene.service(pickService(scene));
  await service.stop();
  return { name: `${service.name} stopped`, end: () => service.relaunch() };
};

const servicePaused: Maker = async (scene) => {
  const service = scene.service(pickService(scene));
  service.pause();
  return { name: `${service.name} paused`, end: () => service.resume() };
};

const serverKilled: Maker = async (scene) => {
  const server = pick(scene, SERVERS);
  await scene.stack.kill(server);
  return { name: `${server} killed`, end: () => startAgain(scene, server) };
};

const serverStopped: Maker = async (scene) => {
  const server = pick(scene, SERVERS);
  await scene.stack.kill(server, 'SIGTERM');
  return { name: `${server} stopped`, end: () => startAgain(scene, server) };
};

const serverPaused: Maker = async (scene) => {
  const server = pick(scene, SERVERS);
  await scene.stack.kill(server, 'SIGSTOP');
  return { name: `${server} paused`, end: () => scene.stack.kill(server, 'SIGCONT') };
};

const linkReset: Maker = async (scene) => {
  const [name, proxy] = pickLink(scene);
  proxy.reset();
  return { name: `${name} reset`, end: () => proxy.reset() };
};

const linkRefused: Maker = async (scene) => {
  const [name, proxy] = pickLink(scene);
  await proxy.refuse();
  return { name: `${name} refused`, end: () => proxy.accept() };
};

const linkBlackholed: Maker = async (scene) => {
  const [name, proxy] = pickLink(scene);
  const direction = scene.random.chance(0.5) ? 'both' : 'answers';
  proxy.impose({ isBlackhole: true }, direction);
  const end = (): void => {
    proxy.clear();
    // What was swallowed does not come any more; some find it out by themselves, others need not wait for it.
    if (scene.random.chance(0.5)) proxy.reset();
  };
  return { name: `${name} blackholed (${direction})`, end };
};

const linkSlow: Maker = async (scene) => {
  const [name, proxy] = pickLink(scene);
  const { random } = scene;
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

function pickLink(scene: Scene): readonly [string, FaultProxy] {
  const { source, kafka, stores } = scene.proxies;
  const links: [string, FaultProxy][] = [
    ['capture to its source', source],
    ...SERVICE_NAMES.map((name): [string, FaultProxy] => [`${name} to Kafka`, kafka[name]]),
    ...(['redis', 'elasticsearch', 'mysql'] as const).map((sink): [string, FaultProxy] => [
      `sink-${sink} to its store`,
      stores[sink],
    ]),
  ];
  return pick(scene, links);
}
