import ZongJi from '@vlasky/zongji';
import { PipelineError, type Logger } from '@sluice/runtime';
import { toPipelineError, type Flavour } from '@sluice/mysql';
import type { ConnectionOptions } from 'mysql2';
import { dumpRefusal } from './dump-refusal.ts';
import { EventQueue } from './event-queue.ts';
import { movedFrom } from './moved.ts';
import { identityIn, WHO, type ServerFacts } from './server.ts';

/** Where to begin: a GTID set wins over file and position. */
export interface ReadFrom {
  readonly file: string;
  readonly position: number;
  readonly gtidSet: string | null;
}

export interface ReaderOptions {
  readonly connection: ConnectionOptions;
  readonly serverId: number;
  /** Whose binlog is to be read: an address may lead to another server from one connection to the next. */
  readonly server: Pick<ServerFacts, 'flavour' | 'identity'>;
  readonly from: ReadFrom;
  readonly heartbeatMs: number;
  readonly queueBytes: number;
  /** Ask MariaDB for the statements behind rows; MySQL sends what it has logged of them. */
  readonly annotations?: boolean;
  readonly log: Logger;
}

/** The part of a mysql2 packet and connection that we touch (mysql2 has no public types for them). */
interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isError(): boolean;
  isEOF(): boolean;
  asError(encoding: string): Error;
}
interface RawConnection {
  handlePacket(packet?: Packet): void;
  query(sql: string, done: (error: Error | null, rows?: readonly Record<string, unknown>[]) => void): void;
  readonly stream: { pause(): void; resume(): void };
  readonly _command: object | null;
  readonly clientEncoding: string;
}
interface ReaderInternals {
  readonly connection: RawConnection;
  readonly ctrlConnection: Pick<RawConnection, 'query'>;
  readonly BinlogClass: new (...args: never[]) => object;
}

/** MySQL answers a dump with packets whose first byte is 0 before each event. */
const EVENT_MARKER_BYTES = 1;
/** How long connecting and a few statements may take (ms): nothing watches the link before. */
const OPEN_MS = 60_000;
/** A link that shows no sign of life for this many heartbeat periods is dead. */
const SILENT_PERIODS = 2.5;

/**
 * Reads raw binlog events. The reader library opens the connection, negotiates flavour and checksum and sends the dump
 * command; from its `ready` event on the packets are ours, because its decoder is not exact (docs/decisions/0001).
 * One instance per connection: after any error it is closed and a new one is made.
 */
export class BinlogReader {
  readonly flavour: Flavour;
  readonly checksum: boolean;
  readonly #zongji: ZongJi;
  readonly #queue: EventQueue;
  readonly #watchdog: NodeJS.Timeout;
  /** Set by every packet, and taken back whenever it is looked at: reading the clock for each would cost more. */
  #wasHeard = true;
  #lastHeardAt = 0;
  #closed = false;

  /**
   * Connects, starts the dump and waits for its first event, which says where the reading begins; throws a PipelineError (`MYSQL_*`,
   * `SOURCE_*`) when the server refuses, and SOURCE_MOVED when it is another one.
   */
  static async open(options: ReaderOptions): Promise<BinlogReader> {
    const reader = new BinlogReader(await ready(options), options);
    try {
      await reader.#queue.filled();
      return reader;
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  private constructor(zongji: ZongJi, options: ReaderOptions) {
    this.#zongji = zongji;
    this.flavour = zongji.isMariaDb ? 'mariadb' : 'mysql';
    this.checksum = zongji.useChecksum;
    const raw = internals(zongji).connection;
    this.#queue = new EventQueue(options.queueBytes, raw.stream);
    zongji.removeAllListeners('error');
    zongji.on('error', (error: Error) => {
      this.#fail(toPipelineError(error));
    });
    this.#takeOverPackets(zongji);
    const silentMs = options.heartbeatMs * SILENT_PERIODS + 1000;
    this.#watchdog = setInterval(() => {
      this.#checkAlive(silentMs);
    }, options.heartbeatMs);
  }

  get queuedEvents(): number {
    return this.#queue.items;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** The events that have arrived, in order; an empty array after `timeoutMs` or `wake`. Throws what ended the link. */
  async take(timeoutMs: number): Promise<readonly Buffer[]> {
    const events = await this.#queue.take(timeoutMs);
    // The socket may have been paused until now: silence counts from here.
    if (events.length > 0) this.#wasHeard = true;
    return events;
  }

  wake(): void {
    this.#queue.wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watchdog);
    this.#zongji.removeAllListeners('error');
    this.#zongji.on('error', () => undefined); // what a connection says while it is being torn down is no news
    this.#zongji.stop();
  }

  #takeOverPackets(zongji: ZongJi): void {
    const { connection, BinlogClass } = internals(zongji);
    const handOn = connection.handlePacket.bind(connection);
    connection.handlePacket = (packet?: Packet): void => {
      if (packet === undefined || !(connection._command instanceof BinlogClass)) {
        handOn(packet);
        return;
      }
      this.#accept(packet, connection.clientEncoding);
    };
  }

  /** The driver reuses the packet object, not the bytes: a view of them is safe to keep. */
  #accept(packet: Packet, encoding: string): void {
    this.#wasHeard = true;
    const marker = packet.buffer[packet.offset];
    if (marker === 0) {
      const event = packet.buffer.subarray(packet.offset + EVENT_MARKER_BYTES, packet.end);
      this.#queue.push(event);
    } else if (packet.isError()) {
      this.#fail(dumpRefusal(packet.asError(encoding)));
    } else {
      this.#fail(new PipelineError('SOURCE_CLOSED_STREAM', 'The source ended the binlog stream.'));
    }
  }

  #checkAlive(silentMs: number): void {
    if (this.#wasHeard) this.#lastHeardAt = performance.now();
    this.#wasHeard = false;
    const silentFor = performance.now() - this.#lastHeardAt;
    // A paused socket is silent by our own wish.
    if (silentFor < silentMs || this.#queue.bytes > 0) return;
    this.#fail(
      new PipelineError(
        'SOURCE_SILENT',
        `The source has sent neither event nor heartbeat for ${Math.round(silentFor)} ms.`,
      ),
    );
  }

  #fail(error: PipelineError): void {
    if (!this.#closed) this.#queue.fail(error);
  }
}

/** Connected, with the dump on its way: what comes of it has to be taken over before the next turn of the event loop. */
async function ready(options: ReaderOptions): Promise<ZongJi> {
  const zongji = new ZongJi({ ...options.connection });
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), OPEN_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      zongji.once('ready', resolve);
      // More than one error may come, of either connection: one without a listener would end the process.
      zongji.on('error', (error: Error) => reject(toPipelineError(error)));
      patience.signal.addEventListener('abort', () => reject(silentAtStart()));
      zongji.start(startOptions(options));
      zongji.once('ready', () => {
        prepareSession(zongji, options);
      });
    });
  } catch (error) {
    zongji.stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return zongji;
}

function silentAtStart(): PipelineError {
  return new PipelineError(
    'SOURCE_SILENT',
    `The source did not get ready to send its binlog within ${OPEN_MS} ms.`,
  );
}

function internals(zongji: ZongJi): ReaderInternals {
  return zongji as unknown as ReaderInternals;
}

function startOptions(options: ReaderOptions): Parameters<ZongJi['start']>[0] {
  const { from, serverId, annotations = false } = options;
  const asked = { serverId, requestAnnotateRows: annotations };
  if (from.gtidSet !== null) return { ...asked, gtidSet: from.gtidSet };
  return { ...asked, filename: from.file, position: from.position };
}

/**
 * Queued before the dump command on the same connection: who answers there, heartbeats while the source is idle (both names: MySQL 8.4
 * renamed the variable), and a longer patience of the server while our socket is paused.
 */
function prepareSession(zongji: ZongJi, options: ReaderOptions): void {
  const period = options.heartbeatMs * 1_000_000; // nanoseconds
  const ignore = (error: Error | null): void => {
    if (error !== null) zongji.emit('error', error);
  };
  const { connection, ctrlConnection } = internals(zongji);
  const { server, connection: to } = options;
  connection.query(WHO[server.flavour], (error, rows = []) => {
    const isOther = error === null && identityIn(rows[0] ?? {}, server.flavour) !== server.identity;
    ignore(isOther ? movedFrom(`${to.host}:${to.port}`) : error);
  });
  connection.query(`SET @master_heartbeat_period = ${period}, @source_heartbeat_period = ${period}`, ignore);
  connection.query('SET SESSION net_write_timeout = 600', ignore);
  // The library's other connection has nothing more to say, and its end would be taken for the end of the stream (seconds).
  ctrlConnection.query('SET SESSION wait_timeout = 31536000', ignore);
}
