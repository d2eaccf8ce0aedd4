import { createServer, type AddressInfo, type Socket } from 'node:net';

/** Takes every login, answers the first statements of each connection with OK, and nothing from then on: as a server that hangs. */
export interface SilentServer {
  readonly host: string;
  readonly port: number;
  /** Connections that were logged in so far. */
  readonly logins: () => number;
  readonly close: () => void;
}

const HEADER_BYTES = 4;
/** All that the driver asks for but TLS, compression and attributes (MySQL internals manual, "Capability Flags"). */
const CAPABILITIES = 0x000b_a20f;
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

/** @param answered how many statements of each connection it answers; the first is `connect`'s own */
export async function startSilentServer(answered: number): Promise<SilentServer> {
  let logins = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    let heard = 0;
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.on('data', () => {
      if (heard === 0) logins++;
      if (heard <= answered) socket.write(packet(heard === 0 ? 2 : 1, OK));
      heard++;
    });
    socket.write(packet(0, greeting()));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  const { port } = server.address() as AddressInfo;
  return { host: '127.0.0.1', port, logins: () => logins, close };
}

function packet(number: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(number, 3);
  return Buffer.concat([header, payload]);
}

/** MySQL internals manual, "Protocol::HandshakeV10". */
function greeting(): Buffer {
  const numbers = Buffer.alloc(18);
  numbers.writeUInt16LE(CAPABILITIES & 0xffff, 0);
  numbers.writeUInt8(45, 2); // utf8mb4
  numbers.writeUInt16LE(2, 3); // autocommit
  numbers.writeUInt16LE(CAPABILITIES >>> 16, 5);
  numbers.writeUInt8(21, 7); // bytes of the scramble
  const text = (value: string): Buffer => Buffer.from(`${value}\0`);
  const thread = Buffer.from([1, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from([10]),
    text('8.4.0'),
    thread,
    text('scramble'),
    numbers,
    text('of20bytes...'),
    text('mysql_native_password'),
  ]);
}
