import { setImmediate } from 'node:timers/promises';
import { BinlogDecoder, BinlogError } from '../../src/index.ts';
import { SeededRandom } from '@sluice/seeded-random';
import { FuzzHandler, recordedFacts, type FuzzRow } from './fuzz-handler.ts';
import { mutate, mutateBytes, repair } from './mutation.ts';
import { eventsInside, isPayload, payloadOf } from './payload.ts';
import { readRecording, RECORDINGS, type Recording } from './recording.ts';

export interface FuzzFigures {
  inputs: number;
  /** Inputs that ended with each code. */
  readonly refused: Record<string, number>;
  /** Inputs that were read to their end. */
  accepted: number;
  rows: number;
  /** Of one input. */
  slowestMs: number;
  /** Of the process, above what it had at the start: in `npm test` other tests run in it. */
  memoryGrowthBytes: number;
}

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Told before each input. */
  readonly onInput?: (input: number) => void;
}

/** A wrong outcome of one input, which the seed and the number bring back. */
export class FuzzFailure extends Error {}

const SLOWEST_MS = 5000;
const MOST_GROWTH_BYTES = 2 ** 30;
const LOOK_AT_MEMORY_EVERY = 1000;
const INPUTS_A_TURN = 200;
const OPTIONS = { checksum: true, file: 'binlog.000001', position: 4, columnFacts: recordedFacts } as const;

/**
 * Decodes mutated transactions of real servers. Half of the inputs keep their old checksums: whatever row comes out must be one that
 * was recorded. The others get new ones, so that the change is read: each ends in a coded error or in rows of valid JSON.
 *
 * @throws FuzzFailure
 */
export async function fuzz({ inputs, seed, onInput }: FuzzOptions): Promise<FuzzFigures> {
  const sources = RECORDINGS.map((name) => new FuzzSource(readRecording(name)));
  const figures: FuzzFigures = {
    inputs: 0,
    refused: {},
    accepted: 0,
    rows: 0,
    slowestMs: 0,
    memoryGrowthBytes: 0,
  };
  const memoryAtStart = process.memoryUsage.rss();
  for (; figures.inputs < inputs; figures.inputs++) {
    onInput?.(figures.inputs);
    // What zlib has taken is given back between turns of the event loop only.
    if (figures.inputs % INPUTS_A_TURN === 0) await setImmediate();
    // A generator of its own for each input: one can be run again alone.
    const random = new SeededRandom(seed + figures.inputs);
    try {
      random.pick(sources).run(random, figures);
      if (figures.inputs % LOOK_AT_MEMORY_EVERY === 0) lookAtMemory(figures, memoryAtStart);
    } catch (error) {
      throw new FuzzFailure(`input ${figures.inputs} of seed ${seed}`, { cause: error });
    }
  }
  return figures;
}

class FuzzSource {
  readonly #recording: Recording;
  readonly #rows = new Set<string>();

  constructor(recording: Recording) {
    this.#recording = recording;
    for (const transaction of recording.transactions) {
      const input = [recording.format, ...transaction];
      if (this.#decode(input, (row) => this.#rows.add(textOf(row))) !== null)
        throw new Error('a recording is not valid');
    }
    if (this.#rows.size === 0) throw new Error('a recording without rows');
  }

  run(random: SeededRandom, figures: FuzzFigures): void {
    const keepsChecksums = random.chance(0.5);
    const input = this.#input(random, keepsChecksums);
    const startedAt = performance.now();
    const code = this.#decode(input, (row) => {
      figures.rows++;
      if (keepsChecksums && !this.#rows.has(textOf(row)))
        throw new Error(`a row that was never written: ${textOf(row)}`);
      if (!keepsChecksums) requireJson(row);
    });
    const took = performance.now() - startedAt;
    if (took > SLOWEST_MS) throw new Error(`it took ${took} ms`);
    figures.slowestMs = Math.max(figures.slowestMs, took);
    if (code === null) figures.accepted++;
    else figures.refused[code] = (figures.refused[code] ?? 0) + 1;
  }

  /** The format event and the mutated events of a transaction, of two now and then. */
  #input(random: SeededRandom, keepsChecksums: boolean): Buffer[] {
    const { transactions, format } = this.#recording;
    const transaction = random.pick(transactions);
    const payload = transaction.find(isPayload);
    if (!keepsChecksums && payload !== undefined && random.chance(0.7)) {
      const inside = eventsInside(payload);
      mutateSome(inside, random);
      return [format, transaction[0]!, payloadOf(inside)];
    }
    const chosen = random.chance(0.1) ? [...transaction, ...random.pick(transactions)] : transaction;
    const events = chosen.map((event) => Buffer.from(event));
    if (keepsChecksums) {
      mutate(events, random);
      return [random.chance(0.02) ? withFlippedBit(format, random) : format, ...events];
    }
    if (random.chance(0.02)) events.unshift(Buffer.from(format));
    mutateSome(events, random);
    repair(events);
    return [format, ...events];
  }

  /** The error's code, null when there was none. */
  #decode(input: readonly Buffer[], onRow: (row: FuzzRow) => void): string | null {
    const options = { ...OPTIONS, flavour: this.#recording.flavour };
    const decoder = new BinlogDecoder(new FuzzHandler(onRow), options);
    try {
      for (const event of input) decoder.accept(event);
    } catch (error) {
      if (error instanceof BinlogError) return error.code;
      throw error;
    }
    return null;
  }
}

function mutateSome(events: Buffer[], random: SeededRandom): void {
  if (random.chance(0.6)) mutateBytes(events, random);
  else mutate(events, random);
}

function withFlippedBit(event: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(event);
  copy[random.below(copy.length)]! ^= 1 << random.below(8);
  return copy;
}

function requireJson({ before, after }: FuzzRow): void {
  if (before !== '') JSON.parse(before);
  if (after !== '') JSON.parse(after);
}

function textOf({ table, operation, before, after }: FuzzRow): string {
  return `${table} ${operation} ${before} ${after}`;
}

function lookAtMemory(figures: FuzzFigures, atStart: number): void {
  const growth = process.memoryUsage.rss() - atStart;
  figures.memoryGrowthBytes = Math.max(figures.memoryGrowthBytes, growth);
  if (growth > MOST_GROWTH_BYTES) throw new Error(`${growth} bytes more of memory than at the start`);
}
