import { parseSection, PipelineError, sinkTypeOf, type SluiceConfig } from '@sluice/runtime';
import type { SinkDefinition } from './definition.ts';
import type { SinkSettings } from './settings.ts';
import type { SpottedSink } from './store-spots.ts';

/** The sink that `--sink NAME` names; null without it. */
export function sinkNameIn(argv: readonly string[]): string | null {
  const at = argv.findIndex((argument) => argument === '--sink' || argument.startsWith('--sink='));
  const flag = argv[at];
  if (flag === undefined) return null;
  return flag === '--sink' ? (argv[at + 1] ?? '') : flag.slice('--sink='.length);
}

/** Throws CONFIG_INVALID when a process that runs sinks of this type cannot run the one of this name. */
export function checkSinkName(config: SluiceConfig, name: string, type: string): void {
  const section = Object.hasOwn(config.sinks, name) ? config.sinks[name] : undefined;
  const known = Object.keys(config.sinks).join(', ') || 'none';
  if (section === undefined && name === type) {
    // A file without sinks leaves all to the defaults; in one that has some, a name may be misspelt.
    if (known === 'none') return;
    throw new PipelineError(
      'CONFIG_INVALID',
      `there is no section sinks.${name} in the file, which has these sinks: ${known}`,
    );
  }
  if (section === undefined) {
    throw new PipelineError('CONFIG_INVALID', `--sink is "${name}", but the file has these sinks: ${known}`);
  }
  // A package of one's own says itself what it is.
  const wanted = sinkTypeOf(config, name);
  if (wanted === type || section['package'] !== undefined) return;
  throw new PipelineError(
    'CONFIG_INVALID',
    `sinks.${name} is of type ${wanted}, and this process runs sinks of type ${type}: start it by sluice sink ${name}`,
  );
}

/** The sinks of the file that are of the type; but for those that are wrong, or whose variables this process does not know. */
export function sinksOfType<C extends SinkSettings>(
  config: SluiceConfig,
  { type, schema }: Pick<SinkDefinition<C>, 'type' | 'schema'>,
): readonly SpottedSink<C>[] {
  return Object.keys(config.sinks).flatMap((name) => {
    if (sinkTypeOf(config, name) !== type) return [];
    try {
      return { name, settings: parseSection(config, ['sinks', name], schema) };
    } catch (error) {
      if (error instanceof PipelineError && error.code === 'CONFIG_INVALID') return [];
      throw error;
    }
  });
}
