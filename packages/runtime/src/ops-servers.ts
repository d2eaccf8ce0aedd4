import type { IncomingMessage, ServerResponse } from 'node:http';
import { aboutProcess } from './about-process.ts';
import type { ComponentHealth, HealthReport } from './health.ts';
import type { Logger } from './log.ts';
import { declareCounter, declareHistogram, type Registry } from './metrics.ts';
import { OpsAccess } from './ops-access.ts';
import { OpsAudit, type AuditLog } from './ops-audit.ts';
import { openListener, type Listener, type ListenerOptions } from './ops-listeners.ts';
import type { OperatorNeed } from './operator-need.ts';
import type { ServiceIdentity } from './ops-meant.ts';
import { metricsListener } from './ops-metrics.ts';
import { withNeed } from './ops-need.ts';
import { pageRoutes, probeRoutes } from './ops-pages.ts';
import { opsListener } from './ops-requests.ts';
import type { OpsRoute } from './ops-routes.ts';
import { SERVICE_METRICS } from './service-metrics.ts';
import type { ListenerTls } from './ops-tls.ts';
import { TokenBuckets } from './token-buckets.ts';

/** Requests of one address: far above what people, scripts and scrapers of one host need. */
const RATE = { burst: 200, perSecond: 50, names: 1000 };

export interface OpsServersOptions {
  readonly host: string;
  /** Port of the API, and of probes without a listener of their own; 0 takes a free one. */
  readonly port: number;
  readonly tls?: ListenerTls | undefined;
  /** Port of metrics; 0 takes a free one. */
  readonly metricsPort: number;
  /** Of the port of metrics: its own address and TLS. */
  readonly metrics?:
    { readonly host?: string | undefined; readonly tls?: ListenerTls | undefined } | undefined;
  /** A listener for probes alone, which then are not on the API's. */
  readonly probes?:
    | {
        readonly host?: string | undefined;
        readonly port: number;
        readonly tls?: ListenerTls | undefined;
      }
    | undefined;
  readonly registry: Registry;
  readonly health: () => HealthReport;
  readonly status: () => unknown;
  readonly routes?: readonly OpsRoute[];
  /** Who answers: what is meant for another service is refused. Without it nothing is. */
  readonly own?: Omit<ServiceIdentity, 'instance'>;
  /** Path of these settings in sluice.yaml, for the message about a taken port, e.g. `capture.ops`. */
  readonly setting?: string;
  /** Further names that clients reach the service by, in lower case. */
  readonly allowedHosts?: readonly string[];
  /** File with the tokens of those who may ask (`parseTokens`); without one everybody may. */
  readonly tokensFile?: string | undefined;
  /** Of a service that stays up when a person has to act. */
  readonly need?: OperatorNeed;
  /** Keeps orders and refusals. */
  readonly audit?: AuditLog;
  readonly log?: Logger;
  /** Between looks at the files of TLS. */
  readonly lookAtFilesMs?: number;
  /** Requests of one address at once, and more each second. */
  readonly rate?: { readonly burst: number; readonly perSecond: number };
}

export interface OpsServers {
  readonly port: number;
  readonly metricsPort: number;
  /** The API's where probes have no listener of their own. */
  readonly probesPort: number;
  close(): Promise<void>;
}

/**
 * Listens on all ports. Throws OPS_PORT_TAKEN, naming the setting, when one cannot be had, and CONFIG_INVALID when tokens or certificates
 * cannot be used; then none is left open.
 */
export async function startOpsServers(options: OpsServersOptions): Promise<OpsServers> {
  const { host, tls, metrics, probes, setting = 'ops' } = options;
  const withAudit = withNeed({ ...options, health: withAuditHealth(options) }, options.need);
  const { log, lookAtFilesMs, registry } = options;
  const common = { log, lookAtFilesMs, connectionsRefused: refusedCounter(registry) };
  const answers = await answersOf(withAudit);
  const open: Listener[] = [];
  const listen = async (
    place: Omit<ListenerOptions, keyof typeof common>,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<number> => {
    const listener = await openListener({ ...place, ...common }, answer);
    open.push(listener);
    return listener.port;
  };
  const close = async (): Promise<void> => {
    await Promise.all(open.map((listener) => listener.close()));
  };
  try {
    const api = { host, port: options.port, tls, setting: `${setting}.port`, needsCertificate: false };
    const port = await listen(api, answers.api);
    const scraped = {
      host: metrics?.host ?? host,
      port: options.metricsPort,
      tls: metrics?.tls,
      setting: `${setting}.metricsPort`,
      needsCertificate: true,
    };
    const metricsPort = await listen(scraped, metricsListener({ ...withAudit, rate: rateOf(options) }));
    if (probes === undefined) return { port, metricsPort, probesPort: port, close };
    const probed = {
      host: probes.host ?? host,
      port: probes.port,
      tls: probes.tls,
      setting: `${setting}.probes.port`,
      needsCertificate: false,
    };
    return { port, metricsPort, probesPort: await listen(probed, answers.probes), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Of a process without an API: `/metrics` alone. Throws as `startOpsServers`. */
export async function startMetricsServer(options: {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: ListenerTls | undefined;
  /** What the port was named by, for the message about a taken one. */
  readonly setting: string;
  /** Path of `tls`. */
  readonly tlsSetting: string;
  readonly registry: Registry;
  readonly health: () => HealthReport;
  readonly log: Logger;
}): Promise<Listener> {
  const { registry, health, ...place } = options;
  const answer = metricsListener({ registry, health, rate: new TokenBuckets(RATE) });
  const connectionsRefused = refusedCounter(registry);
  const common = { needsCertificate: true, connectionsRefused, lookAtFilesMs: undefined };
  return openListener({ ...place, ...common }, answer);
}

/** What answers on the API's port, and on that of probes. */
async function answersOf(options: OpsServersOptions) {
  const { allowedHosts = [], tokensFile = null, setting = 'ops', registry, audit: kept, log } = options;
  const own = options.own === undefined ? null : { ...options.own, instance: aboutProcess().instance };
  const access = new OpsAccess(tokensFile);
  if (tokensFile !== null) await access.check();
  const duration = declareHistogram(registry, SERVICE_METRICS.httpDuration);
  const rate = rateOf(options);
  const audit = kept === undefined ? null : new OpsAudit(kept);
  const common = { allowedHosts, access, setting, own, duration, rate, audit, log };
  const probes = probeRoutes(options);
  const api = [...pageRoutes(options), ...(options.routes ?? [])];
  return {
    api: opsListener({ ...common, routes: options.probes === undefined ? [...probes, ...api] : api }),
    probes: opsListener({ ...common, routes: probes }),
  };
}

function rateOf(options: OpsServersOptions): TokenBuckets {
  return new TokenBuckets({ ...RATE, ...options.rate });
}

/** Orders that are not in the audit topic yet are worth a look. */
function withAuditHealth({ health, audit }: OpsServersOptions): () => HealthReport {
  if (audit === undefined) return health;
  return () => {
    const report = health();
    const detail = audit.trouble;
    const now: ComponentHealth = detail === null ? { status: 'ok' } : { status: 'degraded', detail };
    return { ...report, components: { ...report.components, audit: now } };
  };
}

function refusedCounter(registry: Registry) {
  return declareCounter(registry, SERVICE_METRICS.connectionsRefused, [{}]);
}
