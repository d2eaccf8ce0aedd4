import { PipelineError } from '@sluice/runtime';
import type { InstallerContext } from './install/program-cache.ts';
import { LOOPBACK, ManagedServer } from './managed-server.ts';
import { freePorts } from './ports.ts';
import { newRunFolder } from './run-folder.ts';
import { kafkaNode, type KafkaNode } from './servers/kafka-node.ts';
import { KAFKA } from './servers/kafka-server.ts';
import { stackHome } from './stack-home.ts';
import type { ProcessSignal } from './supervision.ts';
import { SupervisorClient } from './supervisor-client.ts';

const CONTROLLER: KafkaNode = { id: 100, role: 'controller' };

export interface KafkaClusterOptions {
  /** Ids 1 to this. */
  readonly brokers: number;
  /** Further lines of every node's server.properties. */
  readonly lines?: readonly string[];
  /** Default: process.env. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Brokers and one controller, each a process of its own, so that brokers can be killed while somebody is there to choose leaders. Every
 * topic of Kafka's own has as many copies as there are brokers, and records in all but one of them before they count.
 */
export class KafkaCluster {
  readonly #nodes: ReadonlyMap<number, ManagedServer>;
  readonly #supervisor: SupervisorClient;

  /** Resolves when every node answers. Throws STACK_TOOL_MISSING, STACK_DOWNLOAD_FAILED, STACK_SERVER_FAILED; then nothing runs. */
  static async start(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const env = options.env ?? process.env;
    const home = stackHome(env);
    const { signal } = new AbortController();
    const context: InstallerContext = { cache: home.cache, env, signal, progress: () => undefined };
    const installation = await KAFKA.install(context);
    const runFolder = await newRunFolder(home.runs);
    const supervisor = new SupervisorClient();
    try {
      await supervisor.open(runFolder);
      const brokers = Array.from({ length: options.brokers }, (_, at): KafkaNode => ({
        id: at + 1,
        role: 'broker',
      }));
      const nodes = [CONTROLLER, ...brokers];
      const [controllerPort = 0, ...ports] = await freePorts(nodes.length);
      const started = nodes.map(async (node, at) => {
        const port = node === CONTROLLER ? controllerPort : (ports[at - 1] ?? 0);
        const flags = [...linesOf(node, controllerPort, options.brokers), ...(options.lines ?? [])];
        const run = { ...installation, port, innerPort: controllerPort, flags, env, runFolder };
        const server = await ManagedServer.prepare(nameOf(node), kafkaNode(node), supervisor, run);
        await server.start(signal);
        return [node.id, server] as const;
      });
      return new KafkaCluster(new Map(await Promise.all(started)), supervisor);
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
  }

  private constructor(nodes: ReadonlyMap<number, ManagedServer>, supervisor: SupervisorClient) {
    this.#nodes = nodes;
    this.#supervisor = supervisor;
  }

  /** `host:port` of each. */
  get brokers(): readonly string[] {
    return this.ids.map((id) => `${LOOPBACK}:${this.#node(id).port}`);
  }

  /** Of the brokers. */
  get ids(): readonly number[] {
    return [...this.#nodes.keys()].filter((id) => id !== CONTROLLER.id);
  }

  get controllerId(): number {
    return CONTROLLER.id;
  }

  /** Resolves when the node has ended; SIGSTOP and SIGCONT only pause it and let it go on. */
  kill(id: number, signal: ProcessSignal = 'SIGKILL'): Promise<void> {
    return this.#node(id).kill(signal);
  }

  /** Starts a node again after `kill`, on the same port and data; resolves when it answers. */
  start(id: number): Promise<void> {
    return this.#node(id).start(new AbortController().signal);
  }

  /** Ends every node. Throws STACK_SERVER_FAILED, with the end of its log, when one had ended by itself before. */
  async stop(): Promise<void> {
    const losses = await Promise.all([...this.#nodes.values()].map((node) => node.lost()));
    await this.#supervisor.stop();
    for (const loss of losses) if (loss !== null) throw loss;
  }

  #node(id: number): ManagedServer {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new PipelineError('STACK_SERVER_FAILED', `the cluster has no node ${id}`);
    return node;
  }
}

function nameOf({ id, role }: KafkaNode): string {
  return `kafka-${role}-${id}`;
}

/** Lines of server.properties, and a small heap: each node serves a test's few rows. */
function linesOf({ id, role }: KafkaNode, controllerPort: number, brokers: number): string[] {
  const listener = role === 'controller' ? 'CONTROLLER' : 'PLAINTEXT';
  const inSync = Math.max(1, brokers - 1);
  return [
    '-Xms64m',
    role === 'controller' ? '-Xmx128m' : '-Xmx256m',
    `process.roles=${role}`,
    `node.id=${id}`,
    `controller.quorum.voters=${CONTROLLER.id}@${LOOPBACK}:${controllerPort}`,
    `listeners=${listener}://${LOOPBACK}:{port}`,
    `advertised.listeners=${listener}://${LOOPBACK}:{port}`,
    // How soon a broker that was killed is given up; 9 s by default.
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
    ...['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic'].map(
      (topic) => `${topic}.replication.factor=${brokers}`,
    ),
    ...['transaction.state.log', 'share.coordinator.state.topic'].map(
      (topic) => `${topic}.min.isr=${inSync}`,
    ),
    `min.insync.replicas=${inSync}`,
  ];
}
