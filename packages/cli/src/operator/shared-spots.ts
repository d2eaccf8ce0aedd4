import { parseSection, sinkTypeOf, type SluiceConfig } from '@sluice/runtime';
import { importPart, type SinkSchemas } from '@sluice/sink-kit/installed';
import { sharedSpots, type StoreSpots } from '@sluice/sink-kit/selection';

/** What is wrong with sinks that would write into one place. Of a file whose sections are right. */
export async function spotProblems(config: SluiceConfig, schemas: SinkSchemas): Promise<readonly string[]> {
  const problems: string[] = [];
  const byType = Map.groupBy(Object.keys(config.sinks), (name) => sinkTypeOf(config, name));
  for (const names of byType.values()) {
    const [first = ''] = names;
    const part = await importPart<{ readonly storeSpots?: StoreSpots<unknown> }>(first, './config', config);
    if (part?.storeSpots === undefined || names.length < 2) continue;
    const sinks = names.flatMap((name) => {
      const schema = schemas[name];
      return schema === undefined ? [] : { name, settings: parseSection(config, ['sinks', name], schema) };
    });
    problems.push(...sharedSpots(config, sinks, part.storeSpots));
  }
  return problems;
}
