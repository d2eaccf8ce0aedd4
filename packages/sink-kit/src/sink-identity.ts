import { parseSection, type SluiceConfig } from '@sluice/runtime';
import type { SinkDefinition } from './definition.ts';
import type { SinkSettings } from './settings.ts';
import { checkSinkName, sinksOfType } from './sink-name.ts';
import { refuseSplitTopics } from './split-topics.ts';
import { refuseSharedSpots } from './store-spots.ts';
import { TableSelection } from './table-selection.ts';
import { tombstoneLifeMs } from './tombstone-life.ts';

/** Who a sink is among those of its pipeline, and what its section says. */
export interface SinkIdentity<C extends SinkSettings> {
  readonly name: string;
  /** Its section in sluice.yaml, for messages: `sinks.<name>`. */
  readonly section: string;
  /** Consumer group, `<pipeline>.<sink>`: the name under which progress is kept. */
  readonly group: string;
  /** First part of the topic names. */
  readonly prefix: string;
  readonly settings: C;
  readonly selection: TableSelection;
  /** Milliseconds for which a deleted row has to be remembered; Infinity: for ever. */
  readonly tombstoneLifeMs: number;
}

/** Throws CONFIG_INVALID for a name or a section that the sink cannot have and for a place that is another's, TOPICS_SPLIT for topics by operation. */
export function identifySink<C extends SinkSettings>(
  definition: SinkDefinition<C>,
  config: SluiceConfig,
  name: string,
): SinkIdentity<C> {
  checkSinkName(config, name, definition.type);
  refuseSplitTopics(config, name);
  const settings = parseSection(config, ['sinks', name], definition.schema);
  refuseSharedSpots(config, sinksOfType(config, definition), name, definition.storeSpots);
  return {
    name,
    section: `sinks.${name}`,
    group: `${config.pipeline}.${name}`,
    prefix: config.topics.prefix,
    settings,
    selection: new TableSelection(settings, config.source.tables),
    tombstoneLifeMs: tombstoneLifeMs(settings.tombstoneDays, config.topics),
  };
}
