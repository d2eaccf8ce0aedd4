import ZongJi from '@vlasky/zongji';
import type { MysqlServer } from '@sluice/local-stack';

/** The part of a mysql2 packet and connection that is used here. */
interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  isEOF(): boolean;
  asError(encoding: string): Error;
}
interface Internals {
  readonly connection: { handlePacket(packet?: Packet): void; readonly _command: object | null };
  readonly BinlogClass: new (...args: never[]) => object;
}

export interface Dump {
  readonly checksum: boolean;
  /** Copies of the events in order, without marker bytes. */
  readonly events: readonly Buffer[];
}

export interface DumpFrom {
  readonly file: string;
  readonly position: number;
}

let nextServerId = 40_000 + (process.pid % 10_000);

/** Reads the binlog from a place to its present end. */
export async function dumpBinlog(server: MysqlServer, from: DumpFrom): Promise<Dump> {
  const zongji = new ZongJi(connectionOptions(server));
  const { promise, resolve, reject } = Promise.withResolvers<Dump>();
  const events: Buffer[] = [];
  zongji.on('error', reject);
  zongji.on('ready', () => {
    const { connection, BinlogClass } = zongji as unknown as Internals;
    const handOn = connection.handlePacket.bind(connection);
    connection.handlePacket = (packet) => {
      if (packet === undefined || !(connection._command instanceof BinlogClass)) return handOn(packet);
      if (packet.isError()) return reject(packet.asError('utf8'));
      if (packet.isEOF()) return resolve({ checksum: zongji.useChecksum, events });
      events.push(Buffer.from(packet.buffer.subarray(packet.offset + 1, packet.end)));
    };
  });
  const options = { serverId: nextServerId++, filename: from.file, position: from.position, nonBlock: true };
  zongji.start(options);
  try {
    return await promise;
  } finally {
    zongji.removeAllListeners('error');
    zongji.on('error', () => undefined);
    zongji.stop();
  }
}

export function connectionOptions(server: MysqlServer): {
  host: string;
  port: number;
  user: string;
  password: string;
} {
  const { host, port, user, password } = server;
  return { host, port, user, password };
}
