/**
 * Prints the price of a row from event bytes to JSON bytes: `node packages/binlog/test/bench/decode.bench.ts`. The table is
 * an order of ten columns, 100 rows an event, as in the drain measurements of the pipeline.
 */
import { crc32 } from 'node:zlib';
import { BinlogDecoder, ByteWriter, type BinlogHandler, type RowsEvent } from '../../src/index.ts';
import { orderEvents, ORDER_COLUMNS } from '../support/order-events.ts';

const ROWS_PER_EVENT = 100;
const EVENTS = 2_000;
const ROUNDS = 6;

class WritingHandler implements BinlogHandler {
  readonly out = new ByteWriter(1 << 20);
  rows = 0;
  bytes = 0;

  onRows(event: RowsEvent): void {
    const out = this.out;
    out.reset();
    while (event.next()) {
      for (let column = 0; column < ORDER_COLUMNS; column++) event.after.write(column, out);
      this.rows++;
    }
    this.bytes += out.position;
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

function measure(name: string, rowsPerEvent: number, events: number, checksum: boolean): void {
  const stream = orderEvents({ rows: rowsPerEvent, checksum });
  for (let round = 0; round < ROUNDS; round++) {
    const handler = new WritingHandler();
    const options = { checksum, flavour: 'mysql', file: 'binlog.000001', position: 4 } as const;
    const decoder = new BinlogDecoder(handler, options);
    const started = process.cpuUsage();
    for (let index = 0; index < events; index++) for (const event of stream) decoder.accept(event);
    const { user, system } = process.cpuUsage(started);
    const micros = user + system;
    if (round < ROUNDS - 1) continue;
    const perRow = (micros / handler.rows).toFixed(3);
    const perTransaction = (micros / events).toFixed(2);
    const size = Math.round(handler.bytes / handler.rows);
    process.stdout.write(
      `${name}: ${perRow} µs of CPU a row, ${perTransaction} µs a transaction, ${size} JSON bytes a row\n`,
    );
  }
}

function measureChecksum(): void {
  const [, , , rows] = orderEvents({ rows: ROWS_PER_EVENT, checksum: true });
  const started = process.cpuUsage();
  let sum = 0;
  for (let index = 0; index < 20_000; index++) sum ^= crc32(rows!.subarray(0, rows!.length - 4));
  const { user, system } = process.cpuUsage(started);
  const micros = (user + system) / 20_000;
  process.stdout.write(`crc32 of ${rows!.length} bytes: ${micros.toFixed(2)} µs (${sum & 1})\n`);
}

measure('100-row transactions, checksum', ROWS_PER_EVENT, EVENTS, true);
measure('100-row transactions', ROWS_PER_EVENT, EVENTS, false);
measure('1-row transactions, checksum', 1, EVENTS * 50, true);
measure('1-row transactions', 1, EVENTS * 50, false);
measureChecksum();
