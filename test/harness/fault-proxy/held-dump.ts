import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Address } from './proxy-link.ts';

const HOST = '127.0.0.1';
/** COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication.html */
const DUMPS: ReadonlySet<number | undefined> = new Set([0x12, 0x1e]);
const COMMAND_AT = 4;
/** In a packet: its length, its number, the marker, and the time of the event come before. */
const TYPE_AT = 9;
const PACKET_HEADER = 4;
/** What a server sends before the first transaction: where it begins, the format, what was written before, a checkpoint, a sign of life. */
const PREAMBLE: ReadonlySet<number | undefined> = new Set([4, 15, 27, 35, 41, 161, 163]);

/**
 * A TCP proxy before a MySQL or MariaDB server without TLS. While it holds, a dump gets as far as its first transaction; nothing of that
 * comes.
 */
export class HeldDump {
  readonly #target: Address;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #holds = false;
  #isHolding = false;

  static async start(target: Address): Promise<HeldDump> {
    const proxy = new HeldDump(target);
    proxy.#server.listen(0, HOST);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(target: Address) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  get host(): string {
    return HOST;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether a transaction is being kept back. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  hold(): void {
    this.#holds = true;
  }

  /** Dumps that begin from here on are let through. */
  release(): void {
    this.#holds = false;
    this.#isHolding = false;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = connect(this.#target.port, this.#target.host);
    let dump: DumpStart | null = null;
    client.on('data', (bytes) => {
      if (this.#holds && DUMPS.has(bytes[COMMAND_AT])) dump = new DumpStart();
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      client.write(dump === null ? bytes : dump.preambleIn(bytes));
      if (dump?.isOver === true) this.#isHolding = true;
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** What comes of a dump, by packets. */
class DumpStart {
  #rest = Buffer.alloc(0);
  /** Its first transaction has come. */
  isOver = false;

  /** Of the next bytes those that stand before the first transaction. */
  preambleIn(bytes: Buffer): Buffer {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const passed: Buffer[] = [];
    while (!this.isOver && this.#rest.length > TYPE_AT) {
      const end = PACKET_HEADER + this.#rest.readUIntLE(0, 3);
      this.isOver = !PREAMBLE.has(this.#rest[TYPE_AT]);
      if (this.isOver || this.#rest.length < end) break;
      passed.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return Buffer.concat(passed);
  }
}
