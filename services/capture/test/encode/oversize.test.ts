import { randomBytes } from 'node:crypto';
import { decodeEnvelope } from '@sluice/envelope';
import { createLogger } from '@sluice/runtime';
import { describe, expect, test } from 'vitest';
import { captureTable, ownTopic } from '../../src/model/table.ts';
import { OversizeRows } from '../../src/encode/oversize.ts';
import type { RowGroup } from '../../src/encode/record-format.ts';
import { RowWriter } from '../../src/encode/row-writer.ts';
import { TableEncoder } from '../../src/encode/table-encoder.ts';
import type { ValueImage } from '../../src/model/publication.ts';
import { bufferOf } from '../support/buffers.ts';
import { readRecords, type WrittenRecord } from '../support/read-records.ts';

const MAX_BYTES = 10_000;
const COLUMNS = ['id', 'v'].map((name) => ({ name, type: 'int', nullable: false, charset: null }));
const SCHEMA = { database: 'shop', table: 'orders', columns: COLUMNS, keyColumns: ['id'] };
const encoder = new TableEncoder(captureTable(SCHEMA, 1, ownTopic('p.shop.orders'), 1), 'shop');

/** An image whose values are JSON texts. */
function image(...values: readonly string[]): ValueImage {
  return {
    isNull: () => false,
    write(column, out) {
      const text = Buffer.from(values[column] ?? 'null');
      out.reserve(text.length);
      out.position += text.copy(out.bytes, out.position);
    },
  };
}

/** JSON of a text that no compression makes smaller. */
const dense = (bytes: number): string => JSON.stringify(randomBytes((bytes * 3) / 4).toString('base64'));

class Setup {
  readonly buffer = bufferOf(MAX_BYTES);
  readonly diverted: string[] = [];
  readonly #writer: RowWriter;
  #offset = 100;

  constructor(policy: 'stop' | 'dead-letter') {
    const topics = {
      prefix: 'p',
      maxMessageBytes: MAX_BYTES,
      compression: 'zstd',
      oversize: policy,
    } as const;
    const log = createLogger('test', { level: 'silent' });
    const onDiverted = (topic: string): void => void this.diverted.push(topic);
    this.#writer = new RowWriter({
      tombstones: false,
      oversize: new OversizeRows({ topics, log, onDiverted }),
    });
  }

  write(operation: RowGroup['operation'], before: ValueImage | null, after: ValueImage | null): void {
    this.#writer.beginGroup({
      encoder,
      operation,
      serverId: 1,
      committedAtMicros: 1,
      fileJson: '"binlog.000002"',
      offset: this.#offset,
      gtid: null,
      sequencePrefix: '001000002',
      capturedAt: 1,
      traceparent: null,
    });
    encoder.writeKey(after ?? before ?? image(), this.#writer.key);
    this.#writer.write(this.buffer, before, after, 0, this.#offset++, 0, null);
  }

  recordsOf(topic: string): readonly WrittenRecord[] {
    return this.buffer.batches
      .filter((batch) => batch.topic === topic)
      .flatMap(({ batch }) => readRecords(batch));
  }
}

describe('a row larger than its topic takes', () => {
  test('stops capture with the table and the place', () => {
    const setup = new Setup('stop');
    setup.write('INSERT', null, image('1', dense(5000)));
    expect(() => setup.write('INSERT', null, image('2', dense(20_000)))).toThrow(
      expect.objectContaining({
        code: 'ROW_TOO_LARGE',
        message: expect.stringMatching(
          /^A row of shop\.orders at binlog\.000002:101 has \d+ bytes for topic p\.shop\.orders/,
        ) as unknown,
        context: expect.objectContaining({ table: 'shop.orders', place: 'binlog.000002:101' }) as unknown,
      }),
    );
  });

  test('becomes a dead letter with its key, and its neighbours are published', () => {
    const setup = new Setup('dead-letter');
    for (const [id, bytes] of [
      [1, 10],
      [2, 20_000],
      [3, 10],
    ] as const)
      setup.write('INSERT', null, image(String(id), dense(bytes)));
    expect(setup.recordsOf('p.shop.orders').map(({ key }) => key)).toEqual(['{"id":1}', '{"id":3}']);
    const [letter, ...others] = setup.recordsOf('p.dlq.capture');
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ key: '{"id":2}', value: null });
    expect(letter?.headers).toMatchObject({
      operation: 'INSERT',
      sequence: '0010000020000000101',
      'cdc.dlq.topic': 'p.shop.orders',
      'cdc.dlq.sink': 'capture',
      'cdc.dlq.stage': 'publish',
      'cdc.dlq.error.code': 'ROW_TOO_LARGE',
      'cdc.dlq.version': '0010000020000000101',
      '__connect.errors.stage': 'KAFKA_PRODUCE',
    });
    expect(setup.diverted).toEqual(['p.shop.orders']);
  });

  test.each([
    ['UPDATE', image('1', '7')],
    ['DELETE', null],
  ] as const)('is published without its before image where that is enough: %s', (operation, after) => {
    const setup = new Setup('dead-letter');
    setup.write(operation, image('1', dense(20_000)), after);
    const [record] = setup.recordsOf('p.shop.orders');
    const { payload } = decodeEnvelope(Buffer.from(record?.value ?? ''));
    expect(payload).toMatchObject({
      operation,
      before: null,
      after: after === null ? null : { id: 1, v: 7 },
    });
    expect(setup.diverted).toEqual([]);
  });

  test('passes when it is small enough compressed', () => {
    const setup = new Setup('stop');
    setup.write('INSERT', null, image('1', JSON.stringify('a'.repeat(50_000))));
    expect(setup.recordsOf('p.shop.orders')).toHaveLength(1);
  });
});
