import { crc32 } from 'node:zlib';
import type { SeededRandom } from '@sluice/seeded-random';

const HEADER_BYTES = 19;
const CHECKSUM_BYTES = 4;
const LENGTH_AT = 9;
/** Values at which lengths and counts change their meaning. */
const TELLING_BYTES = [0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];

type Mutation = (events: Buffer[], index: number, random: SeededRandom) => void;

/** Changes what some events say; the checksums no longer fit. At least one event is there before and after. */
export function mutate(events: Buffer[], random: SeededRandom): void {
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    random.pick(MUTATIONS)(events, random.below(events.length), random);
  }
}

/** Changes bytes only, so that most of what stands around them is still read. */
export function mutateBytes(events: Buffer[], random: SeededRandom): void {
  for (let changes = random.integer(1, 2); changes > 0; changes--) {
    random.pick(IN_PLACE)(events, random.below(events.length), random);
  }
}

/** Gives each event the length and the checksum that its bytes have now, so that what was changed is read at all. */
export function repair(events: readonly Buffer[]): void {
  for (const event of events) {
    if (event.length < HEADER_BYTES + CHECKSUM_BYTES) continue;
    const end = event.length - CHECKSUM_BYTES;
    event.writeUInt32LE(event.length, LENGTH_AT);
    event.writeUInt32LE(crc32(event.subarray(0, end)), end);
  }
}

const IN_PLACE: readonly Mutation[] = [flipBit, setByte, setTellingByte, setWord];
const MUTATIONS: readonly Mutation[] = [
  ...IN_PLACE,
  ...IN_PLACE,
  changeLength,
  truncate,
  splice,
  insert,
  remove,
  dropEvent,
  repeatEvent,
  swapEvents,
];

/** Mostly the body: it is where the sizes and counts are. */
function place(event: Buffer, random: SeededRandom): number {
  const from = random.chance(0.1) || event.length <= HEADER_BYTES ? 0 : HEADER_BYTES;
  return from + random.below(Math.max(event.length - from, 1));
}

function flipBit(events: Buffer[], index: number, random: SeededRandom): void {
  const event = events[index]!;
  const at = place(event, random);
  event[at] = (event[at] ?? 0) ^ (1 << random.below(8));
}

function setByte(events: Buffer[], index: number, random: SeededRandom): void {
  events[index]![place(events[index]!, random)] = random.below(256);
}

function setTellingByte(events: Buffer[], index: number, random: SeededRandom): void {
  events[index]![place(events[index]!, random)] = random.pick(TELLING_BYTES);
}

function setWord(events: Buffer[], index: number, random: SeededRandom): void {
  const event = events[index]!;
  const width = random.pick([2, 3, 4, 6]);
  const at = place(event, random);
  const value = random.pick([0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), random.below(2 ** 31)]);
  if (at + width <= event.length) event.writeUIntLE(value % 2 ** (8 * width), at, width);
}

/** The header's length field alone. */
function changeLength(events: Buffer[], index: number, random: SeededRandom): void {
  const event = events[index]!;
  if (event.length >= HEADER_BYTES) event.writeUInt32LE(random.below(2 * event.length), LENGTH_AT);
}

function truncate(events: Buffer[], index: number, random: SeededRandom): void {
  events[index] = Buffer.from(events[index]!.subarray(0, random.below(events[index]!.length)));
}

/** A piece of another event over a piece of this one. */
function splice(events: Buffer[], index: number, random: SeededRandom): void {
  const event = events[index]!;
  const other = random.pick(events);
  const from = random.below(other.length);
  other.copy(event, place(event, random), from, from + random.integer(1, 64));
}

function insert(events: Buffer[], index: number, random: SeededRandom): void {
  const event = events[index]!;
  const at = place(event, random);
  const bytes = Buffer.from(Array.from({ length: random.integer(1, 16) }, () => random.below(256)));
  events[index] = Buffer.concat([event.subarray(0, at), bytes, event.subarray(at)]);
}

function remove(events: Buffer[], index: number, random: SeededRandom): void {
  const event = events[index]!;
  const at = place(event, random);
  events[index] = Buffer.concat([event.subarray(0, at), event.subarray(at + random.integer(1, 16))]);
}

function dropEvent(events: Buffer[], index: number): void {
  if (events.length > 1) events.splice(index, 1);
}

function repeatEvent(events: Buffer[], index: number): void {
  events.splice(index, 0, Buffer.from(events[index]!));
}

function swapEvents(events: Buffer[], index: number, random: SeededRandom): void {
  const other = random.below(events.length);
  [events[index], events[other]] = [events[other]!, events[index]!];
}
