import { FaultProxy } from '../fault-proxy/fault-proxy.ts';
import type { Scope } from '../scope.ts';
import type { FaultServers, KeptName } from './fault-servers.ts';
import type { Sections } from './service-config.ts';

/** What two captures of one pipeline are kept as. */
export type PairName = 'capture' | 'standby';

/** Where a capture reaches the servers, past nobody else's proxies: it alone can be cut off. */
export interface CaptureWays {
  readonly kafka: FaultProxy;
  /** One to each server of the source. */
  readonly hosts: readonly FaultProxy[];
}

export function isOfPair(name: KeptName): name is PairName {
  return name === 'capture' || name === 'standby';
}

/** Proxies until the end of the scope; those before Kafka are there already. */
export async function openWays(
  scope: Scope,
  { proxies, replicated, source }: FaultServers,
): Promise<Record<PairName, CaptureWays>> {
  const servers = replicated === null ? [source] : [replicated.servers.source, replicated.servers.replica];
  const open = async (name: PairName): Promise<CaptureWays> => {
    const hosts = await Promise.all(servers.map(({ host, port }) => FaultProxy.start({ host, port })));
    for (const proxy of hosts) scope.defer(() => proxy.close());
    return { kafka: proxies.kafka[name], hosts };
  };
  return { capture: await open('capture'), standby: await open('standby') };
}

/** What sluice.yaml says of these ways. */
export function sectionsOf({ kafka, hosts }: CaptureWays): Sections {
  const [one, ...others] = hosts.map(({ host, port }) => ({ host, port }));
  return {
    kafka: { brokers: [`${kafka.host}:${kafka.port}`] },
    source: others.length === 0 ? { ...one } : { hosts: [one, ...others] },
  };
}
