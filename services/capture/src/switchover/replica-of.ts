import type { Flavour } from '@sluice/mysql';
import { leavesOut } from '../source/replication-filters.ts';
import type { ServerFacts } from '../source/server.ts';

type Channel = Readonly<Record<string, unknown>>;

/** Statements for a server that replicates by one channel, which has no name. */
export const REPLICATION: Readonly<Record<Flavour, Readonly<Record<'stop' | 'start' | 'forget', string>>>> = {
  mysql: { stop: 'STOP REPLICA', start: 'START REPLICA', forget: 'RESET REPLICA ALL' },
  mariadb: { stop: 'STOP SLAVE', start: 'START SLAVE', forget: 'RESET SLAVE ALL' },
};

/** The names of MySQL 8.0.22 and later, or those of before and of MariaDB. */
function valueOf(channel: Channel, modern: string, old: string): unknown {
  return channel[modern] ?? channel[old];
}

export function isRunning(channel: Channel): boolean {
  return (
    valueOf(channel, 'Replica_IO_Running', 'Slave_IO_Running') === 'Yes' &&
    valueOf(channel, 'Replica_SQL_Running', 'Slave_SQL_Running') === 'Yes'
  );
}

/** Whether any part of it continues: one that tries to connect does. */
export function isActive(channel: Channel): boolean {
  return [
    valueOf(channel, 'Replica_IO_Running', 'Slave_IO_Running'),
    valueOf(channel, 'Replica_SQL_Running', 'Slave_SQL_Running'),
  ].some((value) => value !== undefined && value !== 'No');
}

type Old = Pick<ServerFacts, 'identity' | 'serverId' | 'flavour'>;

/**
 * Why a server is no replica that can take the old one's place; null when it is one: it replicates by GTID from that server alone, and runs.
 * Pure.
 *
 * @param channels the rows of SHOW REPLICA STATUS
 */
export function unfitReplica(channels: readonly Channel[], old: Old): string | null {
  const [channel] = channels;
  if (channel === undefined) return 'it does not replicate';
  const unfit = unfitChannels(channels, old);
  if (unfit !== null || isRunning(channel)) return unfit;
  const error = [channel['Last_IO_Error'], channel['Last_SQL_Error']].filter(
    (text) => typeof text === 'string' && text !== '',
  );
  return ['its replication stands still', ...error].join(': ');
}

/** The same of a replica that may have been stopped, or have forgotten whom it replicated from. Pure. */
export function unfitChannels(channels: readonly Channel[], old: Old): string | null {
  const [channel] = channels;
  if (channel === undefined) return null;
  if (channels.length > 1) return `it replicates by ${channels.length} channels`;
  if (Object.keys(channel).length === 0) return 'the account may not see how it replicates (SLAVE MONITOR)';
  const name = channel['Channel_Name'] ?? channel['Connection_name'];
  if (typeof name === 'string' && name !== '')
    return `it replicates by the channel "${name}", not by the one without a name`;
  if (!isFrom(channel, old)) return 'it replicates from another server';
  if (!isByGtid(channel, old.flavour)) return 'it replicates by file and position, not by GTID';
  return leavesOut(channel);
}

function isFrom(channel: Channel, { flavour, identity, serverId }: Old): boolean {
  if (flavour === 'mariadb') return Number(channel['Master_Server_Id']) === serverId;
  return valueOf(channel, 'Source_UUID', 'Master_UUID') === identity;
}

function isByGtid(channel: Channel, flavour: Flavour): boolean {
  if (flavour === 'mariadb') return ['Slave_Pos', 'Current_Pos'].includes(String(channel['Using_Gtid']));
  return Number(channel['Auto_Position']) === 1;
}
