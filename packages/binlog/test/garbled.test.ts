import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BinlogDecoder, BinlogError } from '../src/index.ts';
import { validStreams } from './support/valid-streams.ts';
import { Recorder } from './support/recorder.ts';

const INPUTS = 20_000;

test.each(validStreams().map((events, index) => [index, events] as const))(
  'stream %i is valid',
  (_index, events) => {
    const options = { checksum: false, flavour: 'mysql', file: 'binlog.000001', position: 4 } as const;
    const recorder = new Recorder();
    const decoder = new BinlogDecoder(recorder, options);
    for (const event of events) decoder.accept(event);
    expect(recorder.calls).not.toEqual([]);
  },
);

/** Garbled bytes end in a coded error or in some row; never in another error, never in a hang. */
test('garbled events raise coded errors only', () => {
  const streams = validStreams();
  const seed = Date.now() % 2 ** 31;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.nat(streams.length - 1),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(), { freq: 4 }),
      (index, changes, cut) => {
        const events = streams[index]!.map((event) => Buffer.from(event));
        for (const [place, value] of changes) change(events, place, value);
        if (cut !== null) shorten(events, cut);
        try {
          const options = { checksum: false, flavour: 'mysql', file: 'binlog.000001', position: 4 } as const;
          const decoder = new BinlogDecoder(new Recorder(), options);
          for (const event of events) decoder.accept(event);
        } catch (error) {
          if (!(error instanceof BinlogError)) throw error;
          refused++;
        }
      },
    ),
    { numRuns: INPUTS, seed },
  );
  expect(refused).toBeGreaterThan(INPUTS / 10);
}, 120_000);

/** Changes one byte of the bodies; headers stay, so that the change gets as far as it can. */
function change(events: readonly Buffer[], place: number, value: number): void {
  const event = events[place % events.length]!;
  const at = 19 + (Math.floor(place / events.length) % (event.length - 19));
  event[at] = value;
}

function shorten(events: Buffer[], cut: number): void {
  const index = cut % events.length;
  const event = events[index]!;
  const length = 19 + (Math.floor(cut / events.length) % (event.length - 19));
  events[index] = Buffer.from(event.subarray(0, length));
  events[index].writeUInt32LE(length, 9);
}
