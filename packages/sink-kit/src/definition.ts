import type { Logger, Registry } from '@sluice/runtime';
import type { z } from 'zod';
import type { StorePlace } from './first-contact.ts';
import type { SinkSettings } from './settings.ts';
import type { Sink } from './sink.ts';
import type { StoreSpots } from './store-spots.ts';

export interface SinkContext {
  readonly pipeline: string;
  /** For metrics and messages. */
  readonly name: string;
  /** Its section in sluice.yaml, for messages: `sinks.<name>`. */
  readonly section: string;
  /** Its name where that is not its type's: what it owns in the store says so beside the pipeline. Null: as before sinks had names. */
  readonly named: string | null;
  /** `source.tables`: whose rows are to come. */
  readonly sourceTables: readonly string[];
  /** First part of the topic names. */
  readonly prefix: string;
  /** Consumer group, `<pipeline>.<sink>`: the name under which progress is kept. */
  readonly group: string;
  /** True when the group has read anything before: a store that is empty then has lost its rows. */
  readonly hasProgress: () => Promise<boolean>;
  /** Milliseconds for which a deleted row has to be remembered; Infinity: for ever. */
  readonly tombstoneLifeMs: number;
  readonly log: Logger;
  readonly registry: Registry;
}

/** All that a sink has to say of itself; `runSink` does the rest. */
export interface SinkDefinition<C extends SinkSettings> {
  /** What `type` of a section says; a section without one is of the type that it is named by. */
  readonly type: string;
  /** Schema of its section: `z.strictObject({ ...sinkBaseSchema.shape, … })`. */
  readonly schema: z.ZodType<C>;
  /** Where its rows go to, for messages; without it, a store that does not answer at the first start is waited for. */
  place?(config: C, section: string): StorePlace;
  /** Where rows go; without it, sinks of the type are not kept from sharing a place by the file alone. */
  readonly storeSpots?: StoreSpots<C>;
  /** Must not connect: that is `Sink.open`'s. It throws PREFLIGHT_FAILED for all that is missing in the store, at once. */
  create(config: C, context: SinkContext): Sink;
}
