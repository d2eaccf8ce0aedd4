import { answerOf, connect, type MysqlOptions } from '@sluice/mysql';
import { PipelineError, type SourceConfig, type SourceHost } from '@sluice/runtime';
import { hostFacts, type HostFacts, type PublishedPlace } from './host-facts.ts';
import { describeServer, type ServerFacts } from './server.ts';

/** So many times `source.connectTimeoutMs` all answers of one server may take. */
const PATIENCE = 2;

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

/** By what one of several servers is chosen. */
export interface Wishes {
  /** What was published; null: nothing, or it is not known. */
  readonly place: PublishedPlace | null;
  /** Which of them an operator wants to be read, if it may be. */
  readonly order?: Pick<SourceOrder, 'address'> | null;
  /** All tables are read again (`--accept lost-checkpoint`): what follows in the binlog does not matter. */
  readonly readsAnew?: boolean;
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
    const asked = describeServer(connection).then((server) => hostFacts(connection, server, place));
    try {
      return await answerOf(asked, options.connectTimeoutMs * PATIENCE);
    } finally {
      connection.destroy();
    }
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
}

/**
 * The server of the order, whatever its role; else the one that was read before, where it still may be and seems to be as it was; else the first
 * in the order of the setting. Each must have all that was published. Pure. Throws SOURCE_DIVERGED or SOURCE_BINLOG_PURGED when one of them lacks what a person alone can bring back,
 * SOURCE_UNUSABLE when one may become usable by itself, and what each of them said when none of them answers.
 */
export function chooseHost(
  probed: readonly Probed[],
  read: SourceConfig['read'],
  { place, order = null, readsAnew = false }: Wishes,
): Choice {
  const judged = probed.map(({ host, found }) => {
    const address = `${host.host}:${host.port}`;
    const isOrdered = order?.address === address;
    const [asked, role] = isOrdered ? [{ host: host.host, port: host.port }, 'any' as const] : [host, read];
    const why = against(asked, found, role, { place, readsAnew });
    return { host, found, isOrdered, against: why, doubt: readsAnew ? null : doubtOf(address, found, place) };
  });
  const usable = judged.flatMap(({ host, found, isOrdered, against: why, doubt }) =>
    why === null && !(found instanceof PipelineError)
      ? [{ host, server: found.server, isOrdered, doubt }]
      : [],
  );
  const chosen =
    usable.find(({ isOrdered }) => isOrdered) ??
    usable.find(({ server, doubt }) => server.identity === place?.server && doubt === null) ??
    usable.find(({ doubt }) => doubt === null) ??
    usable[0];
  const passedOver = judged.flatMap(({ host, against: why, doubt }) => {
    const told = why ?? (host === chosen?.host ? null : doubt);
    return told === null ? [] : [told];
  });
  if (chosen !== undefined) return { host: chosen.host, server: chosen.server, passedOver };
  throw noneUsable(probed, passedOver, readsAnew);
}

/** Why another server is better than the one that was read before: it is judged after the fence, and will be refused then. */
function doubtOf(
  address: string,
  found: PipelineError | HostFacts,
  place: PublishedPlace | null,
): PassedOver | null {
  if (found instanceof PipelineError || found.server.identity !== place?.server) return null;
  const { missing, hasPurged, purged } = found;
  if (missing !== null && missing !== '')
    return {
      address,
      why: `it was read before, and lacks published transactions now: ${missing}`,
      hasDiverged: true,
      isPurged: false,
    };
  const why = `it was read before, and has purged binlogs that were not read${named(purged)}`;
  return hasPurged ? { address, why, hasDiverged: false, isPurged: true } : null;
}

function against(
  host: SourceHost,
  found: PipelineError | HostFacts,
  read: SourceConfig['read'],
  { place, readsAnew }: Pick<Required<Wishes>, 'place' | 'readsAnew'>,
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
    const from = found.catchesUpFrom;
    if (from === null) return no(lacks, { hasDiverged: true });
    return no(`${lacks}; it replicates from ${from}, and catches up if that one has them`);
  }
  return found.hasPurged && !readsAnew
    ? no(`it has purged binlogs that were not read${named(found.purged)}`, { isPurged: true })
    : null;
}

/** By their names it is seen whether they are a server's own, of its own making. */
function named(transactions: string): string {
  return transactions === '' ? '' : `: ${transactions}`;
}

/** Tables that are read again from a server that lacks what was published take it back in every sink: that has to be said by name. */
const BY_NAME =
  'To read all tables again from one that lacks published transactions, give them up by making it the only one of source.hosts';

function noneUsable(
  probed: readonly Probed[],
  passedOver: readonly PassedOver[],
  readsAnew: boolean,
): PipelineError {
  const reasons = passedOver.map(({ address, why }) => `${address}: ${why}`).join('; ');
  const hint = readsAnew && passedOver.some(({ hasDiverged }) => hasDiverged) ? `. ${BY_NAME}.` : '';
  const message = `No server of source.hosts can be read. ${reasons}${hint}`;
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
