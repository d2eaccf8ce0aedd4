import fc from 'fast-check';
import { HISTORY_KEYS, playHistory, type SourceEvent } from './history.ts';

/**
 * How some records reach the store. `stream`: as one batch; `replay`: each alone, as an operator sends dead letters; `restart`:
 * by a new process; `zombie`: what was delivered before comes again, by the process before the last restart.
 */
export type Way = 'stream' | 'replay' | 'restart' | 'zombie';

export interface DeliveryStep {
  readonly way: Way;
  /** Places in the history's log. */
  readonly records: readonly number[];
}

/** A history and one way of delivering it: every record at least once, in any order, some of them again. */
export interface Journey {
  readonly events: readonly SourceEvent[];
  readonly steps: readonly DeliveryStep[];
}

const EVENTS_MAX = 12;
const LOG_MAX = 30;
const key = fc.nat(HISTORY_KEYS - 1);

const sourceEvent: fc.Arbitrary<SourceEvent> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), key }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), key, to: key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('gap' as const), keys: fc.array(key, { maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      keys: fc.array(key, { minLength: 1, maxLength: HISTORY_KEYS }),
      tie: fc.boolean(),
      masked: fc.boolean(),
    }),
  },
);

const way: fc.Arbitrary<Way> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('stream' as const) },
  { weight: 1, arbitrary: fc.constantFrom('replay' as const, 'restart' as const, 'zombie' as const) },
);

/** No arbitrary depends on another one's value, so that a failing journey shrinks in all its parts. */
export const journeys: fc.Arbitrary<Journey> = fc
  .record({
    events: fc.array(sourceEvent, { minLength: 1, maxLength: EVENTS_MAX }),
    route: routes(),
  })
  .map(({ events, route }) =>
    told({ events, steps: deliverySteps(playHistory(events, 0).log.length, route) }),
  );

/** How any log is delivered; numbers stand for places of the log, modulo its length. */
export interface Route {
  /** Stretches that are read again, in the order of the log, when place `at` is due: a rebalance or a rewind. */
  readonly rewinds: readonly { readonly from: number; readonly length: number; readonly at: number }[];
  /** By how many places each record is late, one after the other; none: the order of the log. */
  readonly delays: readonly number[];
  readonly cuts: readonly { readonly way: Way; readonly size: number }[];
}

export function routes(): fc.Arbitrary<Route> {
  const place = fc.nat(LOG_MAX);
  const length = fc.integer({ min: 1, max: 8 });
  return fc.record({
    rewinds: fc.array(fc.record({ from: place, length, at: place }), { maxLength: 4 }),
    delays: fc.array(fc.oneof(fc.constant(0), place), { maxLength: LOG_MAX }),
    cuts: fc.array(fc.record({ way, size: fc.integer({ min: 1, max: 6 }) }), { minLength: 1, maxLength: 8 }),
  });
}

/** Every place of a log of `records` at least once, some again, in the order of the route, cut into batches. */
export function deliverySteps(records: number, { rewinds, delays, cuts }: Route): DeliveryStep[] {
  if (records === 0) return [];
  const all = [...Array(records).keys()];
  const once = all.map((place) => ({ place, due: place + (delays[place % delays.length] ?? 0) }));
  const again = rewinds.flatMap(({ from, length, at }) => {
    const first = from % records;
    return all.slice(first, first + length).map((place) => ({ place, due: Math.max(at, first) }));
  });
  const order = [...once, ...again].toSorted((a, b) => a.due - b.due).map(({ place }) => place);
  return cut(order, cuts);
}

function cut(places: readonly number[], cuts: Route['cuts']): DeliveryStep[] {
  const steps: DeliveryStep[] = [];
  for (let from = 0; from < places.length;) {
    const { way: by, size } = cuts[steps.length % cuts.length] as Route['cuts'][number];
    steps.push({ way: by, records: places.slice(from, from + size) });
    from += size;
  }
  return steps;
}

/** fast-check prints a failing journey by this method: lines that a person can follow. */
function told(journey: Journey): Journey {
  const tell = (): string => {
    const { log } = playHistory(journey.events, 0);
    const line = ({ way: by, records }: DeliveryStep): string =>
      `${by}: ${records.map((place) => `#${place}`).join(' ')}`;
    return ['', ...log.map(({ text }, place) => `#${place} ${text}`), ...journey.steps.map(line)].join(
      '\n  ',
    );
  };
  return Object.assign(journey, { [fc.toStringMethod]: tell });
}
