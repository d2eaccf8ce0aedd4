import { BinlogDecoder, ByteWriter, type BinlogHandler, type RowsEvent } from '@sluice/binlog';
import ZongJi from '@vlasky/zongji';
import type { RawEventsTask, RawResult } from './raw-task.ts';

interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
}
interface Internals {
  readonly connection: { handlePacket(packet?: Packet): void; readonly _command: object | null };
  readonly BinlogClass: new (...args: never[]) => object;
}

const HEADER_BYTES = 19;
const ROTATE = 4;

/**
 * Reads a stretch of the binlog as capture does, and does nothing with its events but look at their headers, or decode them
 * and write the values of the table's rows. The clock runs from the first event to the last.
 */
export async function readRawEvents(task: RawEventsTask): Promise<RawResult> {
  const { host, port, user, password } = task.server;
  const zongji = new ZongJi({ host, port, user, password });
  const writer = new ValueHandler(task.database);
  const read = new Promise<RawResult>((resolve, reject) => {
    zongji.on('error', reject);
    zongji.once('ready', () => {
      const { connection, BinlogClass } = zongji as unknown as Internals;
      const take = stretchReader(task, zongji, writer, resolve);
      const handOn = connection.handlePacket.bind(connection);
      connection.handlePacket = (packet?: Packet): void => {
        if (packet === undefined || !(connection._command instanceof BinlogClass)) return handOn(packet);
        try {
          take(packet.buffer.subarray(packet.offset + 1, packet.end));
        } catch (error) {
          reject(new Error('an event could not be taken', { cause: error }));
        }
      };
    });
  });
  zongji.start({ serverId: task.serverId, filename: task.from.file, position: task.from.position });
  try {
    return await read;
  } finally {
    zongji.stop();
  }
}

/** Takes events until the end of the stretch, by file and by position in the file. */
function stretchReader(
  task: RawEventsTask,
  zongji: ZongJi,
  writer: ValueHandler,
  done: (result: RawResult) => void,
): (event: Buffer) => void {
  const { from, to } = task;
  const options = {
    checksum: zongji.useChecksum,
    flavour: zongji.isMariaDb ? 'mariadb' : 'mysql',
    file: from.file,
    position: from.position,
  } as const;
  const decoder = task.decode ? new BinlogDecoder(writer, options) : null;
  let file = from.file;
  let begun = 0;
  let cpu = process.cpuUsage();
  let over = false;
  return (event) => {
    if (over) return;
    const position = event.readUInt32LE(13);
    if (event[4] === ROTATE)
      file = event.toString('latin1', HEADER_BYTES + 8, HEADER_BYTES + 8 + to.file.length);
    else if (begun === 0 && position > from.position) {
      begun = performance.now();
      cpu = process.cpuUsage();
    }
    decoder?.accept(event);
    if (file !== to.file || position < to.position) return;
    over = true;
    const { user, system } = process.cpuUsage(cpu);
    done({ rows: writer.rows, seconds: (performance.now() - begun) / 1000, cpuMicros: user + system });
  };
}

/** Writes every value of the database's rows, again and again into the same memory. */
class ValueHandler implements BinlogHandler {
  rows = 0;
  readonly #database: string;
  readonly #out = new ByteWriter(1 << 16);

  constructor(database: string) {
    this.#database = database;
  }

  onRows(event: RowsEvent): void {
    if (event.table.database !== this.#database) return;
    const columns = event.table.columns.length;
    const out = this.#out;
    while (event.next()) {
      out.reset();
      for (let column = 0; column < columns; column++) {
        if (event.operation !== 'INSERT') event.before.write(column, out);
        if (event.operation !== 'DELETE') event.after.write(column, out);
      }
      this.rows++;
    }
  }

  onFormat(): void {}
  onRotate(): void {}
  onBegin(): void {}
  onTableMap(): void {}
  onCommit(): void {}
  onQuery(): void {}
  onHeartbeat(): void {}
  onUnknown(): void {}
}
