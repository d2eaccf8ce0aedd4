import { connect, type MysqlOptions } from '@sluice/mysql';
import { PipelineError, type SourceConfig, type SourceHost } from '@sluice/runtime';
import { hostFacts, type HostFacts, type PublishedPlace } from './host-facts.ts';
import { describeServer, type ServerFacts } from './server.ts';

/** One of `source.hosts`, as it answered. */
export interface Probed {
  readonly host: SourceHost;
  /** Why it cannot be asked, or what it is. */
  readonly found: PipelineError | HostFacts;
}

/** Why one of `source.hosts` is not read. */
export interface PassedOver {
  /** `host:port` */
  readonly address: string;
  readonly why: string;
  /** It never had, or no longer has, what was published; nothing but a person ends that. */
  readonly hasDiverged: boolean;
  readonly isPurged: boolean;
}

/** An operator's word about which of `source.hosts` is read from here on. */
export interface SourceOrder {
  /** `host:port` */
  readonly address: string;
  readonly by: string;
  readonly reason: string;
}

export interface Choice {
  readonly host: SourceHost;
  readonly server: ServerFacts;
  readonly passedOver: readonly PassedOver[];
}

/** Asks all of `source.hosts` at once. @param options how each is reached, but for its address */
export async function probeHosts(
  { hosts }: Pick<SourceConfig, 'hosts'>,
  options: MysqlOptions,
  place: PublishedPlace | null,
): Promise<readonly Probed[]> {
  return Promise.all(hosts.map(async (host) => ({ host, found: await probe(host, options, place) })));
}

async function probe(
  { host, port }: SourceHost,
  options: MysqlOptions,
  place: PublishedPlace | null,
): Promise<PipelineError | HostFacts> {
  try {
    const connection = await connect({ ...options, host, port });
    try {
      return await hostFacts(connection, await describeServer(connection), place);
    } finally {
      connection.destroy();
    }
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

/**
 * The server of the order, whatever its role; else the one that was read before, where it still may be; else the first in the order of the
 * setting. Each must have all that was published. Pure. Throws SOURCE_DIVERGED or SOURCE_BINLOG_PURGED when one of them lacks what a person alone can bring back,
 * SOURCE_UNUSABLE when one may become usable by itself, and what each of them said when none of them answers.
 */
export function chooseHost(
  probed: readonly Probed[],
  read: SourceConfig['read'],
  place: PublishedPlace | null,
  order: Pick<SourceOrder, 'address'> | null = null,
): Choice {
  const judged = probed.map(({ host, found }) => {
    const isOrdered = order !== null && order.address === `${host.host}:${host.port}`;
    const [asked, role] = isOrdered ? [{ host: host.host, port: host.port }, 'any' as const] : [host, read];
    return { host, found, isOrdered, against: against(asked, found, role, place) };
  });
  const usable = judged.flatMap(({ host, found, isOrdered, against: why }) =>
    why === null && !(found instanceof PipelineError) ? [{ host, server: found.server, isOrdered }] : [],
  );
  const passedOver = judged.flatMap(({ against: why }) => (why === null ? [] : [why]));
  const chosen =
    usable.find(({ isOrdered }) => isOrdered) ??
    usable.find(({ server }) => server.identity === place?.server) ??
    usable[0];
  if (chosen !== undefined) return { host: chosen.host, server: chosen.server, passedOver };
  throw noneUsable(probed, passedOver);
}

function against(
  host: SourceHost,
  found: PipelineError | HostFacts,
  read: SourceConfig['read'],
  place: PublishedPlace | null,
): PassedOver | null {
  const address = `${host.host}:${host.port}`;
  const no = (why: string, more: Partial<PassedOver> = {}): PassedOver => ({
    address,
    why,
    hasDiverged: false,
    isPurged: false,
    ...more,
  });
  if (found instanceof PipelineError) return no(found.message);
  const wanted = [host.role ?? 'any', read].find((role) => role !== 'any' && role !== found.role);
  if (wanted !== undefined) return no(`it is a ${found.role}, and a ${wanted} is to be read`);
  if (found.unlogged !== null) return no(found.unlogged);
  // Reading on at the same server is judged by file and position, after the fence.
  if (place === null || place.server === found.server.identity) return null;
  if (place.flavour !== found.server.flavour)
    return no(`it is ${found.server.flavour}, and published was from ${place.flavour}`, {
      hasDiverged: true,
    });
  if (place.gtidSet === null)
    return no('it is another server, and published was without GTIDs: file and position mean nothing there', {
      hasDiverged: true,
    });
  if (!found.server.gtid) return no('it is another server, and its gtid_mode is not ON');
  if (found.missing !== null && found.missing !== '') {
    const lacks = `it lacks published transactions: ${found.missing}`;
    return found.isCatchingUp ? no(`${lacks}; it is catching up`) : no(lacks, { hasDiverged: true });
  }
  return found.hasPurged ? no('it has purged binlogs that were not read', { isPurged: true }) : null;
}

function noneUsable(probed: readonly Probed[], passedOver: readonly PassedOver[]): PipelineError {
  const reasons = passedOver.map(({ address, why }) => `${address}: ${why}`).join('; ');
  const message = `No server of source.hosts can be read. ${reasons}`;
  const errors = probed.map(({ found }) => found);
  const [first] = errors;
  // One that nobody has reached yet is judged like the only server: perhaps a setting is wrong.
  if (first instanceof PipelineError && errors.every((found) => found instanceof PipelineError)) {
    const { context } = first;
    return new PipelineError(first.code, message, { cause: first, context });
  }
  if (passedOver.some(({ hasDiverged }) => hasDiverged)) return new PipelineError('SOURCE_DIVERGED', message);
  if (passedOver.some(({ isPurged }) => isPurged)) return new PipelineError('SOURCE_BINLOG_PURGED', message);
  return new PipelineError('SOURCE_UNUSABLE', message);
}
