/** Kafka's name for how many copies must have a record before it is acknowledged to who waits for all (`acks=all`). */
export const MIN_IN_SYNC = 'min.insync.replicas';

type Configs = Readonly<Record<string, string>>;

/** How often records are kept, as in the section `topics` of sluice.yaml. */
export interface CopySettings {
  readonly replicationFactor: number;
  /** Default: the brokers' own. */
  readonly minInsyncReplicas?: number | undefined;
}

/** What a topic is made with so that its records are kept as often as the settings say. @param configs its other settings */
export function inCopies(
  { replicationFactor, minInsyncReplicas }: CopySettings,
  configs: Configs,
): { readonly replicationFactor: number; readonly configs: Configs } {
  if (minInsyncReplicas === undefined) return { replicationFactor, configs };
  return { replicationFactor, configs: { ...configs, [MIN_IN_SYNC]: String(minInsyncReplicas) } };
}
