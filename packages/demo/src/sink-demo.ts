import type { ServerName, Stack } from '@sluice/local-stack';
import { importPart, sinkMain } from '@sluice/sink-kit/installed';

type Section = Readonly<Record<string, unknown>>;

/** What the demo and its check must know of a sink: `demo`, which the `./demo` of its package exports. */
export interface SinkDemo {
  /** Servers of the local stack that the sink writes to. */
  readonly servers: readonly ServerName[];
  /** Its section of sluice.yaml without `ops`, for a source that has the database `shop`. May prepare the store. */
  section(stack: Stack): Section | Promise<Section>;
  /** Where a person looks at the rows: what it is, and how to get there. */
  place(stack: Stack): readonly [string, string];
}

/** A sink that takes part, by its name. */
export interface DemoSink {
  readonly name: string;
  /** The module that runs it. */
  readonly main: string;
  readonly demo: SinkDemo;
}

/** The installed sinks that say how, in alphabetical order. */
export async function demoSinks(names: readonly string[]): Promise<readonly DemoSink[]> {
  const sinks = await Promise.all(
    names.map(async (name) => ({
      name,
      main: sinkMain(name),
      part: await importPart<{ readonly demo: SinkDemo }>(name, './demo', { sinks: {} }),
    })),
  );
  return sinks.flatMap(({ name, main, part }) =>
    main === null || part === null ? [] : [{ name, main, demo: part.demo }],
  );
}
