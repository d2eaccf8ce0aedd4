import type { DatabaseAddress } from '@sluice/sample-shop';
import type { ServiceName, ServicePorts } from './pipeline-services.ts';

export const DEMO_PIPELINE = 'shop';
export const TARGET_DATABASE = 'shop_copy';
/** On one machine a silent sink is a dead one: its partitions need not wait as long as over a network. */
const SESSION_TIMEOUT_MS = 10_000;

export interface DemoConfig {
  readonly source: DatabaseAddress;
  readonly brokers: readonly string[];
  readonly redisUrl: string;
  readonly elasticsearchNode: string;
  readonly target: DatabaseAddress;
  readonly ports: Readonly<Record<ServiceName, ServicePorts>>;
}

const text = (value: string): string => JSON.stringify(value);
const ops = ({ host, port, metricsPort }: ServicePorts): string =>
  `ops: { host: ${text(host)}, port: ${port}, metricsPort: ${metricsPort} }`;
const server = ({ host, port, user, password }: DatabaseAddress): string =>
  `host: ${text(host)}\n    port: ${port}\n    user: ${text(user)}\n    password: ${text(password)}`;

/** The text of the demo's sluice.yaml: what is not written here has its default. */
export function demoConfig(config: DemoConfig): string {
  const { source, ports } = config;
  const session = `sessionTimeoutMs: ${SESSION_TIMEOUT_MS}`;
  return `# The demo's pipeline. docs/config.md describes every setting.
pipeline: ${DEMO_PIPELINE}
source:
    ${server(source)}
    tables: ["shop.*"]
kafka:
    brokers: ${JSON.stringify(config.brokers)}
capture:
    ${ops(ports.capture)}
sinks:
  redis:
    ${ops(ports['sink-redis'])}
    url: ${text(config.redisUrl)}
    ${session}
  elasticsearch:
    ${ops(ports['sink-elasticsearch'])}
    node: ${text(config.elasticsearchNode)}
    ${session}
  mysql:
    ${ops(ports['sink-mysql'])}
    ${server(config.target)}
    databases: { shop: ${TARGET_DATABASE} }
    ${session}
`;
}
