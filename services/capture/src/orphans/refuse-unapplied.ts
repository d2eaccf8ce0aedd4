import type { SluiceConfig } from '@sluice/runtime';
import { replicationRows } from '../source/replica.ts';
import type { ServerFacts } from '../source/server.ts';
import { GtidSet } from './gtid-set.ts';
import { openMaster, refused, transactionsOf, type Address } from './masters.ts';

/**
 * A new master that has received transactions and not executed them would be given them twice: once by its relay log, once as orphans. Throws
 * ORPHANS_REFUSED for one, and where the account may not see it; a PipelineError as the server fails.
 */
export async function refuseUnapplied(config: SluiceConfig, address: Address): Promise<void> {
  const master = await openMaster(config, address);
  const { connection, facts } = master;
  try {
    // In this order: what is received after the first answer is not held against the second.
    const channels = await replicationRows(connection, facts);
    const executed = GtidSet.parse(facts.flavour, await transactionsOf(connection, facts));
    for (const channel of channels) {
      const why = unappliedIn(channel, executed, facts);
      if (why !== null) throw refused(`${master.address} ${why}`);
    }
  } finally {
    connection.destroy();
  }
}

/**
 * Why a channel may still change rows by what it has received; null when it has executed all of it. Pure.
 *
 * @param channel a row of SHOW REPLICA STATUS; an empty one stands for what the account may not see
 */
export function unappliedIn(
  channel: Readonly<Record<string, unknown>>,
  executed: GtidSet,
  { flavour, account }: Pick<ServerFacts, 'flavour' | 'account'>,
): string | null {
  const received = channel[flavour === 'mysql' ? 'Retrieved_Gtid_Set' : 'Gtid_IO_Pos'];
  if (typeof received !== 'string') {
    const right = flavour === 'mysql' ? 'REPLICATION CLIENT' : 'SLAVE MONITOR';
    return `replicates, and what it has received cannot be seen: GRANT ${right} ON *.* TO ${account}`;
  }
  const waiting = GtidSet.parse(flavour, received).minus(executed);
  const name = channel['Channel_Name'] ?? channel['Connection_name'];
  const by = typeof name === 'string' && name !== '' ? ` by its channel "${name}"` : '';
  const isBehind = flavour === 'mariadb' && received === '' && hasUnread(channel);
  if (waiting.isEmpty && !isBehind) return null;
  const which = isBehind ? '' : `: ${waiting.toString()}`;
  return `has received${by} transactions that it has not executed${which}. Wait until its relay log is applied (START ${threadOf(flavour)} if that stands still), then run this again: what is listed as an orphan may come by itself`;
}

/** Where a replica of MariaDB asks without GTIDs, only positions in the other server's binlog tell how far it has come. */
function hasUnread(channel: Readonly<Record<string, unknown>>): boolean {
  const [read, done] = [
    [channel['Master_Log_File'], channel['Read_Master_Log_Pos']],
    [channel['Relay_Master_Log_File'], channel['Exec_Master_Log_Pos']],
  ];
  return String(read) !== String(done);
}

function threadOf(flavour: 'mysql' | 'mariadb'): string {
  return flavour === 'mysql' ? 'REPLICA SQL_THREAD' : 'SLAVE SQL_THREAD';
}
