import type { RunningService, ServiceContext } from '@sluice/runtime';
import type { SinkDefinition } from '../definition.ts';
import type { SinkSettings } from '../settings.ts';
import { SinkService } from '../sink-service.ts';

/**
 * Runs a sink that writes into the new places of another one. What it owns there is the other one's, which takes it over at the swap; the
 * places of both are known not to meet.
 * @param name its section of the configuration that `context` has
 * @param named `ownNameOf` of the sink that is rebuilt
 */
export function fillingSink<C extends SinkSettings>(
  definition: SinkDefinition<C>,
  context: ServiceContext,
  name: string,
  named: string | null,
): RunningService {
  const { type, schema } = definition;
  const create: SinkDefinition<C>['create'] = (settings, given) =>
    definition.create(settings, { ...given, named });
  const place = definition.place === undefined ? {} : { place: definition.place.bind(definition) };
  // Without `storeSpots`: where a pattern of tables leaves the database open, the names alone do not tell that they differ.
  return new SinkService({ type, schema, create, ...place }, context, name);
}
