import { runService } from '@sluice/runtime';
import type { SinkDefinition } from './definition.ts';
import type { SinkSettings } from './settings.ts';
import { sinkNameIn } from './sink-name.ts';
import { SinkService } from './sink-service.ts';

/** The whole of a sink's `main.ts`: reads the configuration, runs until told to stop, exits with a code that says why. */
export async function runSink<C extends SinkSettings>(definition: SinkDefinition<C>): Promise<void> {
  const name = sinkNameIn(process.argv.slice(2)) ?? definition.type;
  await runService(`sink-${name}`, async (context) => new SinkService(definition, context, name));
}
