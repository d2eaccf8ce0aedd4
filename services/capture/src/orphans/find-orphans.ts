import { createLogger, PipelineError, type SluiceConfig, type SourceHost } from '@sluice/runtime';
import type { StreamPosition } from '../model/position.ts';
import { binlogStart, readFiles, readServer } from './binlog-events.ts';
import { GtidSet } from './gtid-set.ts';
import { newMasterOf, openMaster, requireTwoServers, type Master } from './masters.ts';
import { OrphanReader, type OrphanConsumer } from './orphan-reader.ts';
import { OrphanTables } from './orphan-tables.ts';

/** Where orphans are read. */
export interface OrphanSource {
  readonly config: SluiceConfig;
  /** The old master; null: it is dead, and its files are read. */
  readonly from: Pick<SourceHost, 'host' | 'port'> | null;
  /** Binlog files of the old master on disk; none: they are read from the server. */
  readonly files: readonly string[];
  /** The new master; null: the server of the configuration. */
  readonly to: Pick<SourceHost, 'host' | 'port'> | null;
}

/** What was found beside the transactions themselves. */
export interface OrphanFindings {
  /** `host:port` of the old master; null when it was dead. */
  readonly oldMaster: string | null;
  readonly newMaster: string;
  readonly flavour: Master['facts']['flavour'];
  readonly version: string;
  /** `server_id` of the old master, by its files when it was dead; null when they are empty. */
  readonly serverId: number | null;
  /** The orphans' GTIDs in the server's form. */
  readonly gtids: string;
  readonly transactions: number;
  /** MariaDB: the position that both have. */
  readonly shared: string | null;
  /** Where the last file ends within a transaction, which was not committed. */
  readonly tornAt: StreamPosition | null;
  /** It is certain that no orphan stands before what was read. */
  readonly hasBegin: boolean;
}

/** The one who takes the orphans, by the tables that it may ask for. */
export type ConsumerOf<C extends OrphanConsumer> = (
  tables: OrphanTables,
  findings: Pick<OrphanFindings, 'flavour'>,
) => C;

export interface FoundOrphans<C extends OrphanConsumer> {
  readonly findings: OrphanFindings;
  /** The one who took them. */
  readonly consumer: C;
}

/**
 * Reads every transaction of the old master that the new one does not have, in the order of its binlog. Changes nothing. Throws a
 * PipelineError: ORPHANS_INCOMPLETE when not all are there, ORPHANS_REFUSED when they cannot be told, and as servers fail.
 *
 * @param describedBy the server whose tables must be those of the binlog; of a dead old master it is always the new one
 */
export async function findOrphans<C extends OrphanConsumer>(
  source: OrphanSource,
  consumerOf: ConsumerOf<C>,
  describedBy: 'old' | 'new' = 'old',
): Promise<FoundOrphans<C>> {
  const { config, from } = source;
  // The old one first: what it replicates from the new one meanwhile is not held against it.
  const old = from === null ? null : await openMaster(config, from);
  try {
    const newMaster = await openMaster(config, newMasterOf(config, from, source.to));
    try {
      if (old === null) return await fromFiles(source, newMaster, consumerOf);
      requireTwoServers(old, newMaster);
      const { connection, facts, address } = describedBy === 'old' ? old : newMaster;
      const tables = await OrphanTables.read(connection, facts, address, config);
      return await fromServer(old, newMaster, tables, consumerOf);
    } finally {
      newMaster.connection.destroy();
    }
  } finally {
    old?.connection.destroy();
  }
}

async function fromServer<C extends OrphanConsumer>(
  old: Master,
  newMaster: Master,
  tables: OrphanTables,
  consumerOf: ConsumerOf<C>,
): Promise<FoundOrphans<C>> {
  const { flavour } = old.facts;
  const known = newMaster.gtids.completedBy(old.gtids);
  const start = await binlogStart(old, known);
  const consumer = consumerOf(tables, { flavour });
  const reader = new OrphanReader(flavour, { known, had: old.gtids }, start.gtids, consumer);
  if (!old.gtids.minus(known).isEmpty) {
    const log = createLogger('orphans', { level: 'silent' });
    await readServer(old, start, reader, tables.factsOf, log);
  }
  // Of MariaDB's servers only the newest transactions are named: that one stands for all before it.
  const read = GtidSet.parse(flavour, reader.gtids.join(','));
  const lost = old.gtids.minus(known.with(read));
  if (!lost.isEmpty)
    throw new PipelineError(
      'ORPHANS_INCOMPLETE',
      `${old.address} has executed transactions that are not in its binlog: ${lost.toString()}.`,
    );
  const { serverId, version } = old.facts;
  const whole = { oldMaster: old.address, serverId, version, tornAt: null, hasBegin: true };
  return { findings: { ...findingsOf(reader, newMaster), ...whole }, consumer };
}

async function fromFiles<C extends OrphanConsumer>(
  { config, files }: OrphanSource,
  newMaster: Master,
  consumerOf: ConsumerOf<C>,
): Promise<FoundOrphans<C>> {
  const { facts, connection, address } = newMaster;
  const { flavour, version } = facts;
  const tables = await OrphanTables.read(connection, facts, address, config);
  const consumer = consumerOf(tables, { flavour });
  const reader = new OrphanReader(flavour, { known: newMaster.gtids, had: null }, '', consumer);
  const { tornAt, serverId } = await readFiles(files, flavour, reader, tables.factsOf);
  const { hasBegin } = reader;
  const told = { oldMaster: null, serverId, version, tornAt, hasBegin };
  return { findings: { ...findingsOf(reader, newMaster), ...told }, consumer };
}

function findingsOf(
  reader: OrphanReader,
  { address, facts: { flavour } }: Master,
): Pick<OrphanFindings, 'newMaster' | 'flavour' | 'gtids' | 'transactions' | 'shared'> {
  return {
    newMaster: address,
    flavour,
    gtids: GtidSet.of(flavour, reader.gtids).toString(),
    transactions: reader.gtids.length,
    shared: flavour === 'mariadb' ? reader.shared.toString() : null,
  };
}
