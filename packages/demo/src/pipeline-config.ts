import type { DatabaseAddress } from '@sluice/sample-shop';
import type { ServicePorts } from './pipeline-services.ts';

export const DEMO_PIPELINE = 'shop';
/** On one machine a silent sink is a dead one: its partitions need not wait as long as over a network. */
const SESSION_TIMEOUT_MS = 10_000;

export interface DemoConfig {
  readonly source: DatabaseAddress;
  readonly brokers: readonly string[];
  /** Of capture. */
  readonly ports: ServicePorts;
  readonly sinks: readonly {
    readonly name: string;
    readonly ports: ServicePorts;
    readonly section: Readonly<Record<string, unknown>>;
  }[];
}

/** The text of the demo's sluice.yaml: what is not written here has its default. */
export function demoConfig({ source, brokers, ports, sinks }: DemoConfig): string {
  const { host, port, user, password } = source;
  return `# The demo's pipeline. docs/config.md describes every setting.
pipeline: ${DEMO_PIPELINE}
source:
${settings('  ', { host, port, user, password, tables: ['shop.*'] })}
kafka:
${settings('  ', { brokers })}
capture:
${settings('  ', { ops: ports })}
sinks:
${sinks
  .map(
    (sink) =>
      `  ${sink.name}:\n${settings('    ', { ops: sink.ports, ...sink.section, sessionTimeoutMs: SESSION_TIMEOUT_MS })}`,
  )
  .join('\n')}
`;
}

/** JSON is YAML. */
function settings(indent: string, values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${indent}${name}: ${JSON.stringify(value)}`)
    .join('\n');
}
