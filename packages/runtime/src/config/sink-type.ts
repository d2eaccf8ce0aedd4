import type { SluiceConfig } from './schema.ts';

type Sections = Pick<SluiceConfig, 'sinks'>;

/** Which sink a section of `sinks` is of: its `type`, by default its name. A section that is not there is of the type that it is named by. */
export function sinkTypeOf({ sinks }: Sections, name: string): string {
  const type = Object.hasOwn(sinks, name) ? sinks[name]?.['type'] : undefined;
  return typeof type === 'string' ? type : name;
}

/** Its name where that is not its type's, for what a store says of its owner; null for a section as it was before sinks had names. */
export function ownNameOf(config: Sections, name: string): string | null {
  return sinkTypeOf(config, name) === name ? null : name;
}
