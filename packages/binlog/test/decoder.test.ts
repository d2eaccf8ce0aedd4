import { describe, expect, test } from 'vitest';
import { BinlogDecoder, BinlogError } from '../src/index.ts';
import { eventBytes, inOrder, rowsBody, tableMapBody, uint } from './support/event-bytes.ts';
import { orderEvents, queryBody } from './support/order-events.ts';
import { Recorder } from './support/recorder.ts';
import { validStreams } from './support/valid-streams.ts';

const UUID = Buffer.from('3e11fa4771ca11e19e33c80aa9429562', 'hex');
const OPTIONS = { checksum: false, flavour: 'mysql', file: 'binlog.000001', position: 4 } as const;

function decode(
  events: readonly Buffer[],
  options: Partial<ConstructorParameters<typeof BinlogDecoder>[1]> = {},
): Recorder {
  const recorder = new Recorder();
  const decoder = new BinlogDecoder(recorder, { ...OPTIONS, ...options });
  for (const event of events) decoder.accept(event);
  return recorder;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BinlogError) return error.code;
    throw error;
  }
  return 'no error';
}

function rotateBody(file: string, position: number): Buffer {
  return Buffer.concat([
    uint(position % 2 ** 32, 4),
    uint(Math.floor(position / 2 ** 32), 4),
    Buffer.from(file),
  ]);
}

function formatBody(algorithm: number): Buffer {
  const body = Buffer.alloc(2 + 50 + 4 + 1 + 41 + 1);
  body.writeUInt16LE(4, 0);
  body.write('9.7.4', 2);
  body[56] = 19;
  body[body.length - 1] = algorithm;
  return body;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

describe('a transaction', () => {
  test('opens, brings its table map and rows, commits', () => {
    const recorder = decode(orderEvents({ rows: 2, checksum: true }), { checksum: true });
    const [gtid, begin, map, rows, xid] = orderEvents({ rows: 2, checksum: true }).map(
      (event) => event.length,
    );
    const end = 4 + gtid! + begin! + map! + rows! + xid!;
    expect(recorder.calls).toEqual([
      'begin 1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f:3005 4',
      'table shop.orders',
      `rows orders INSERT 2 ${4 + gtid! + begin! + map!}`,
      `commit ${end}`,
    ]);
    expect(recorder.rows.get('orders')!.map((row) => [row.imageIndex, row.after])).toEqual([
      [
        0,
        [
          '1',
          '1',
          '"SKU-00000001"',
          '3',
          '"1.50"',
          '"paid"',
          `"${'x'.repeat(110)}"`,
          '"2026-11-21T09:05:34.233197"',
          '"2026-11-21T10:26:25.233197Z"',
          '1',
        ],
      ],
      [
        1,
        [
          '2',
          '2',
          '"SKU-00000002"',
          '3',
          '"2.50"',
          '"shipped"',
          `"${'x'.repeat(110)}"`,
          '"2026-11-21T09:05:34.233197"',
          '"2026-11-21T10:26:25.233197Z"',
          '1',
        ],
      ],
    ]);
  });

  test('does not repeat a table map that says nothing new', () => {
    const events = orderEvents({ rows: 1, checksum: false });
    expect(decode([...events, ...events]).calls.filter((call) => call.startsWith('table'))).toHaveLength(1);
  });

  test('repeats it once after it was told to forget its tables, and reads on within the statement', () => {
    const recorder = new Recorder();
    const decoder = new BinlogDecoder(recorder, OPTIONS);
    const maps = (): number => recorder.calls.filter((call) => call.startsWith('table')).length;
    const events = orderEvents({ rows: 1, checksum: false });
    const told: number[] = [];
    for (const forgets of [false, true, false]) {
      if (forgets) decoder.forgetTables();
      for (const event of events) decoder.accept(event);
      told.push(maps());
    }
    expect(told).toEqual([1, 2, 2]);
  });

  test('opens without a GTID event when the server writes none, and a lone statement closes itself', () => {
    const make = (sql: string) => (position: number) => eventBytes({ type: 2, position }, queryBody(sql));
    const recorder = decode(inOrder(4, [make('BEGIN'), make('COMMIT'), make('CREATE TABLE t (a int)')]));
    expect(recorder.calls).toEqual([
      'begin null 4',
      'commit 89',
      'begin null 89',
      'query closes 148 CREATE TABLE t (a int)',
    ]);
  });
});

describe('positions', () => {
  test('grow beyond 4 GiB', () => {
    const almost = 2 ** 32 - 50;
    const events = [
      eventBytes({ type: 4, flags: 0x20 }, rotateBody('binlog.000007', almost)),
      ...inOrder(almost, [(position) => eventBytes({ type: 2, position }, queryBody('BEGIN'))]),
      eventBytes({ type: 16, position: 4 }, Buffer.alloc(8)),
    ];
    expect(decode(events).calls).toEqual([
      `rotate binlog.000007 ${almost} artificial`,
      `begin null ${almost}`,
      `commit ${2 ** 32 + 4}`,
    ]);
  });

  test('count on where the header has none, and artificial events move nothing', () => {
    const map = eventBytes({ type: 19 }, tableMapBody(7, 'shop', 't', [{ name: 'a', type: 3 }]));
    const rows = eventBytes(
      { type: 30 },
      rowsBody({ tableId: 7, columns: 1, images: [Buffer.of(0, 1, 0, 0, 0)] }),
    );
    const gtid = Buffer.concat([uint(5, 6), uint(0, 2), uint(0, 4), Buffer.of(0), Buffer.alloc(6)]);
    const begin = inOrder(4, [(position) => eventBytes({ type: 162, position }, gtid)]);
    const heartbeat = eventBytes({ type: 27, position: 9999 }, Buffer.from('binlog.000001'));
    const start = 4 + begin[0]!.length + map.length;
    const calls = decode([...begin, map, heartbeat, rows, rows, eventBytes({ type: 16 }, Buffer.alloc(8))], {
      flavour: 'mariadb',
    }).calls;
    expect(calls).toEqual([
      'begin 0-11-5 4',
      'table shop.t',
      'heartbeat binlog.000001 9999',
      `rows t INSERT 1 ${start}`,
      `rows t INSERT 1 ${start + rows.length}`,
      `commit ${start + 2 * rows.length + 27}`,
    ]);
  });
});

describe('checksums', () => {
  test('a changed byte is found in every event', () => {
    for (const [index] of orderEvents({ rows: 3, checksum: true }).entries()) {
      const events = orderEvents({ rows: 3, checksum: true });
      events[index]![25]! ^= 1;
      expect(codeOf(() => decode(events, { checksum: true }))).toBe('CHECKSUM_MISMATCH');
    }
  });

  test('follow the format event, whatever was so before', () => {
    const format = (algorithm: number): Buffer =>
      eventBytes({ type: 15, checksum: true, flags: 1 }, formatBody(algorithm));
    expect(decode([format(1), ...orderEvents({ rows: 1, checksum: true })]).images).toBe(1);
    const without = format(0);
    expect(decode([without, ...orderEvents({ rows: 1, checksum: false })], { checksum: true }).images).toBe(
      1,
    );
  });

  test('a format event whose algorithm is damaged does not switch them off', () => {
    for (const [algorithm, code] of [
      [0, 'CHECKSUM_MISMATCH'],
      [0x21, 'EVENT_UNSUPPORTED'],
    ] as const) {
      const format = eventBytes({ type: 15, checksum: true, flags: 1 }, formatBody(1));
      format[format.length - 5] = algorithm;
      expect(codeOf(() => decode([format], { checksum: true }))).toBe(code);
    }
  });

  test('an artificial rotate event is read with and without one', () => {
    for (const checksum of [true, false]) {
      const rotate = eventBytes({ type: 4, flags: 0x20, checksum }, rotateBody('binlog.000002', 4));
      expect(decode([rotate], { checksum: !checksum }).calls).toEqual(['rotate binlog.000002 4 artificial']);
    }
  });
});

test.each([
  ['mysql', 29, Buffer.from('\x0bUPDATE t /* ü */')],
  ['mariadb', 160, Buffer.from('UPDATE t /* ü */')],
] as const)('the statement behind rows is told where %s logs it', (flavour, type, body) => {
  const told: string[] = [];
  const events = inOrder(4, [(position) => eventBytes({ type, position }, body)]);
  const recorder = Object.assign(new Recorder(), { onRowsQuery: (sql: Buffer) => told.push(sql.toString()) });
  const decoder = new BinlogDecoder(recorder, { ...OPTIONS, flavour });
  for (const event of events) decoder.accept(event);
  expect(told).toEqual(['UPDATE t /* ü */']);
});

test('an event that was left out is missed where all of them are to come', () => {
  const events = orderEvents({ rows: 1, checksum: false });
  expect(decode(events, { contiguous: true }).calls).toHaveLength(4);
  for (const [place] of events.entries()) {
    const rest = events.filter((_, index) => index !== place);
    const isLast = place === events.length - 1;
    expect(codeOf(() => decode(rest, { contiguous: true }))).toBe(isLast ? 'no error' : 'EVENT_MISSING');
  }
});

describe('what is refused', () => {
  const columns = [{ name: 'a', type: 3 }];
  const map = eventBytes({ type: 19 }, tableMapBody(7, 'shop', 't', columns));
  const rows = (body: Buffer, type = 30): Buffer => eventBytes({ type }, body);

  test.each([
    [
      'rows without a table map',
      [rows(rowsBody({ tableId: 7, columns: 1, images: [] }))],
      'TABLE_MAP_MISSING',
    ],
    [
      'fewer columns than the table',
      [map, rows(rowsBody({ tableId: 7, columns: 0, images: [] }))],
      'ROW_IMAGE_PARTIAL',
    ],
    [
      'images without any column',
      [map, rows(Buffer.concat([uint(7, 6), uint(1, 2), uint(2, 2), Buffer.of(1, 0, 0)]))],
      'EVENT_MALFORMED',
    ],
    [
      'an image that ends early',
      [map, rows(rowsBody({ tableId: 7, columns: 1, images: [Buffer.of(0, 1, 0)] }))],
      'EVENT_MALFORMED',
    ],
    [
      'an update without its after image',
      [map, rows(rowsBody({ tableId: 7, columns: 1, update: true, images: [Buffer.of(1)] }), 31)],
      'EVENT_MALFORMED',
    ],
    ['an incident', [rows(Buffer.alloc(4), 26)], 'BINLOG_INCIDENT'],
    ['a type that is not known, which could carry rows', [rows(Buffer.alloc(4), 99)], 'EVENT_UNSUPPORTED'],
    ['a length that is not the packet’s', [Buffer.alloc(30)], 'EVENT_MALFORMED'],
  ])('%s', (_what, events, code) => {
    expect(codeOf(() => decode(events))).toBe(code);
  });

  test('a type that is not known but marked as ignorable is only told', () => {
    expect(decode([eventBytes({ type: 99, flags: 0x80 }, Buffer.alloc(4))]).calls).toEqual(['unknown 99']);
  });

  test('where the encryption of a file began: the events are sent in clear', () => {
    expect(decode([eventBytes({ type: 164 }, Buffer.alloc(17))]).calls).toEqual([]);
  });

  test.each([
    ['none', Buffer.alloc(8), ''],
    [
      'of one source, with a gap',
      Buffer.concat([uint64(1), UUID, uint64(2), ...[1, 6, 8, 9].map(uint64)]),
      '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:8',
    ],
    [
      'of two sources, one of them with tags',
      Buffer.concat([
        Buffer.of(1, 4, 0, 0, 0, 0, 0, 1),
        Buffer.concat([UUID, Buffer.of(0), ...[1, 1, 6].map(uint64)]),
        Buffer.concat([UUID, Buffer.of(6), Buffer.from('app'), ...[2, 1, 2, 4, 7].map(uint64)]),
        Buffer.concat([UUID, Buffer.of(4), Buffer.from('b_'), ...[1, 3, 4].map(uint64)]),
        Buffer.concat([Buffer.alloc(16, 0x4f), Buffer.of(2), Buffer.from('z'), ...[1, 1, 2].map(uint64)]),
      ]),
      '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:app:1:4-6:b_:3,4f4f4f4f-4f4f-4f4f-4f4f-4f4f4f4f4f4f:z:1',
    ],
    [
      'in a form of a later version',
      Buffer.concat([Buffer.of(2, 1, 0, 0, 0, 0, 0, 2), Buffer.alloc(40)]),
      null,
    ],
  ])('the GTIDs of earlier files: %s', (_what, body, expected) => {
    const recorder = new Recorder();
    const sets: (string | null)[] = [];
    const handler = Object.assign(recorder, { onPreviousGtids: (set: string | null) => sets.push(set) });
    new BinlogDecoder(handler, OPTIONS).accept(eventBytes({ type: 35 }, body));
    expect(sets).toEqual([expected]);
  });

  test('everything after the first error', () => {
    const decoder = new BinlogDecoder(new Recorder(), OPTIONS);
    expect(codeOf(() => decoder.accept(Buffer.alloc(3)))).toBe('EVENT_MALFORMED');
    expect(codeOf(() => decoder.accept(map))).toBe('EVENT_MALFORMED');
  });

  test('what a handler throws passes through', () => {
    const recorder = new Recorder();
    recorder.onTableMap = () => {
      throw new TypeError('mine');
    };
    expect(() => new BinlogDecoder(recorder, OPTIONS).accept(map)).toThrow(TypeError);
  });
});

test('a rows event that only ends a statement is passed over', () => {
  const end = eventBytes({ type: 30 }, rowsBody({ tableId: 0xff_ffff, columns: 0, images: [] }));
  expect(decode([end]).calls).toEqual([]);
});

describe('a compressed transaction', () => {
  const [event] = validStreams().at(-2)!;

  test('is read one event at a time by who asks for it, with the same calls', () => {
    const recorder = new Recorder();
    const decoder = new BinlogDecoder(recorder, OPTIONS);
    const callsAfter: number[] = [];
    let left = decoder.start(event!);
    expect(recorder.calls).toEqual([]);
    while (left > 0) {
      left = decoder.resume();
      callsAfter.push(recorder.calls.length);
    }
    expect(callsAfter.filter((calls, index) => calls - (callsAfter[index - 1] ?? 0) > 1)).toEqual([]);
    expect(recorder.calls).toEqual(decode([event!]).calls);
    expect(recorder.calls.length).toBeGreaterThan(3);
  });
});
