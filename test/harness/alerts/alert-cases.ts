import { connect, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import type { Scene } from '../faults/scene.ts';
import { acceptGap, deleteRecords } from '../faults/deleted-records.ts';
import type { ProcessOptions } from '../faults/service-launcher.ts';
import { Session } from '../faults/session.ts';
import { TARGET_SUFFIX } from '../faults/store-views.ts';
import type { ServiceName } from '../pipelines/sink-pipeline.ts';
import type { AlertWatch } from './alert-watch.ts';

/** A fault that is held until all of its alerts have fired; then it ends, and they must resolve. */
export interface AlertCase {
  /** What happens, as a sentence without a full stop. */
  readonly fault: string;
  /** Alerts by the service that they must name. */
  readonly alerts: readonly (readonly [alert: string, service: string])[];
  readonly begin: (scene: Scene, watch: AlertWatch) => Promise<void>;
  readonly end: (scene: Scene, watch: AlertWatch) => Promise<void>;
  /** One of those that run with `npm test`. */
  readonly inEveryRun?: boolean;
}

const POISON_RECORDS = 30;
const SOCKETS = 120;
/** SourceFlapping fires from the sixth on. */
const BREAKS = 8;
/** The sinks that a stopped sink-redis leaves. */
const READERS = ['elasticsearch', 'mysql'] as const;
/** A process of Node.js with a Kafka client has more than 90 % of it resident. */
const SCANT_BYTES = 100_000_000;
const MEMORY_LIMIT = new URL('../faults/memory-limit.ts', import.meta.url).href;
const TAKEN_ID = -1;
const open: Socket[] = [];
let taken = '';

export const ALERT_CASES: readonly AlertCase[] = [
  {
    fault: 'sink-redis is killed and started again',
    inEveryRun: true,
    alerts: [['ServiceDown', 'sink-redis']],
    begin: (scene) => scene.service('sink-redis').kill(),
    end: (scene) => scene.service('sink-redis').relaunch(),
  },
  {
    fault: 'Redis refuses connections',
    inEveryRun: true,
    alerts: [
      ['CircuitBreakerOpen', 'sink-redis'],
      ['SyncErrorRate', 'sink-redis'],
    ],
    begin: (scene) => scene.proxies.stores.redis.refuse(),
    end: (scene) => scene.proxies.stores.redis.accept(),
  },
  {
    fault: 'Elasticsearch refuses connections for long',
    alerts: [
      ['CircuitBreakerOpen', 'sink-elasticsearch'],
      ['SinkStalled', 'sink-elasticsearch'],
      ['ConsumerLagHigh', 'sink-elasticsearch'],
      ['HighErrorRate', 'sink-elasticsearch'],
      ['ServiceNotReady', 'sink-elasticsearch'],
      ['HeartbeatStale', 'sink-elasticsearch'],
    ],
    begin: (scene) => scene.proxies.stores.elasticsearch.refuse(),
    end: (scene) => scene.proxies.stores.elasticsearch.accept(),
  },
  {
    fault: 'the source refuses connections while it is written to',
    alerts: [
      ['SourceDisconnected', 'capture'],
      ['CaptureNotStreaming', 'capture'],
      ['HighBinlogLag', 'capture'],
      ['CriticalBinlogLag', 'capture'],
      ['BinlogSyncDelay', 'sink-redis'],
      ['BinlogSyncDelay', 'sink-mysql'],
      ['HeartbeatStale', 'sink-mysql'],
    ],
    begin: async (scene) => {
      await scene.proxies.source.refuse();
      scene.proxies.source.reset();
    },
    end: (scene) => scene.proxies.source.accept(),
  },
  {
    fault: 'packets between capture and Kafka vanish',
    alerts: [
      ['CaptureStuck', 'capture'],
      ['CheckpointStale', 'capture'],
    ],
    begin: async (scene) => scene.proxies.kafka.capture.impose({ isBlackhole: true }),
    end: async (scene) => scene.proxies.kafka.capture.clear(),
  },
  {
    fault: 'a row is taken out of Redis past the sink',
    alerts: [['SinkDiffers', 'sink-redis']],
    begin: (scene) => takeRow(scene),
    end: (scene) => putBackRow(scene),
  },
  {
    fault: 'sink-redis is stopped, and a row waits for it',
    alerts: [['CompareStale', 'auditor']],
    begin: async (scene) => {
      await scene.service('sink-redis').stop();
      await scene.flows(READERS);
    },
    end: (scene) => scene.service('sink-redis').relaunch(),
  },
  {
    fault: 'sink-redis has hardly more memory than it uses',
    alerts: [['MemoryNearLimit', 'sink-redis']],
    begin: (scene) =>
      relaunchWith(scene, 'sink-redis', { nodeArgs: ['--import', `${MEMORY_LIMIT}?bytes=${SCANT_BYTES}`] }),
    end: (scene) => relaunchWith(scene, 'sink-redis', {}),
  },
  {
    fault: 'a stranger writes records into a topic that are no envelopes',
    alerts: [
      ['DlqNotEmpty', 'sink-redis'],
      ['DlqGrowing', 'sink-redis'],
      ['MassDeadLetters', 'sink-redis'],
    ],
    begin: writePoison,
    end: discardLetters,
  },
  {
    fault: 'a table of the target is renamed away',
    alerts: [['TablePaused', 'sink-mysql']],
    begin: (scene) => onTarget(scene, 'RENAME TABLE marker TO marker_away'),
    end: (scene) => onTarget(scene, 'RENAME TABLE marker_away TO marker'),
  },
  {
    fault: 'a column is dropped at the source',
    alerts: [
      ['BreakingDdl', 'capture'],
      ['ComponentDegraded', 'capture'],
    ],
    begin: (scene) =>
      scene.pipeline.source.run(
        'ALTER TABLE probe ADD COLUMN note INT',
        'ALTER TABLE probe DROP COLUMN note',
      ),
    end: async (scene) => order(scene, 'capture', '/api/v1/ddl/alerts/clear', { by: 'test' }),
  },
  {
    fault: 'the target MySQL answers half a second late',
    alerts: [['HighQueryLatency', 'sink-mysql']],
    begin: async (scene) => scene.proxies.stores.mysql.impose({ latencyMs: 250 }),
    end: async (scene) => scene.proxies.stores.mysql.clear(),
  },
  {
    fault: 'sink-mysql may use one connection to a target that answers late',
    alerts: [['HighActiveConnections', 'sink-mysql']],
    begin: async (scene) => {
      await relaunchWith(scene, 'sink-mysql', { env: { SLUICE__SINKS__MYSQL__CONNECTIONS: '1' } });
      scene.proxies.stores.mysql.impose({ latencyMs: 200 });
    },
    end: async (scene) => {
      scene.proxies.stores.mysql.clear();
      await relaunchWith(scene, 'sink-mysql', {});
    },
  },
  {
    fault: 'a client opens more connections to capture than it may have',
    alerts: [['OpsConnectionsRefused', 'capture']],
    begin: async (scene) => {
      const { port } = new URL(scene.service('capture').opsUrl);
      for (let count = 0; count < SOCKETS; count++) {
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => undefined);
        open.push(socket);
      }
    },
    end: async () => {
      for (const socket of open.splice(0)) socket.destroy();
    },
  },
  {
    fault: 'sink-redis is restarted again and again',
    alerts: [['ServiceRestarting', 'sink-redis']],
    begin: async (scene, watch) => {
      const starts = 'changes(process_start_time_seconds{job="sluice-sink-redis"}[30s])';
      for (let count = 0; count < 5; count++) {
        await scene.service('sink-redis').kill();
        await scene.service('sink-redis').relaunch();
        const before = Number((await watch.query(starts))[0]?.value[1] ?? 0);
        await scene.sign('a restart to be seen', async () => {
          return Number((await watch.query(starts))[0]?.value[1] ?? 0) > before;
        });
      }
    },
    end: async () => undefined,
  },
  {
    fault: 'the connection to the source breaks again and again',
    alerts: [['SourceFlapping', 'capture']],
    begin: breakOften,
    end: async () => undefined,
  },
  {
    fault: 'retention deletes records that a stopped sink has not read',
    alerts: [
      ['DataGap', 'sink-redis'],
      ['NeedsOperator', 'sink-redis'],
    ],
    begin: async (scene) => {
      await scene.service('sink-redis').stop();
      await scene.load(20);
      await scene.flows(READERS);
      await deleteRecords(scene.pipeline, scene.pipeline.topic('item'), READERS);
      await scene.service('sink-redis').relaunch();
    },
    end: async (scene) => {
      await scene.service('sink-redis').stop();
      await acceptGap(scene, 'item');
    },
  },
  {
    fault: 'what Alertmanager tells answers 500',
    alerts: [['NotificationsFailing', 'alertmanager']],
    begin: async (_, watch) => {
      watch.pages.isBroken = true;
    },
    end: async (_, watch) => {
      watch.pages.isBroken = false;
    },
  },
];

async function breakOften(scene: Scene): Promise<void> {
  for (let count = 0; count < BREAKS; count++) {
    const before = await scene.metric('capture', 'cdc_capture_disconnects_total');
    scene.proxies.source.reset();
    await scene.sign('a break to be counted, and the stream to go on', async () => {
      const counted = await scene.metric('capture', 'cdc_capture_disconnects_total');
      return counted > before && (await scene.metric('capture', 'cdc_source_connected')) === 1;
    });
  }
}

async function withRedis(scene: Scene, use: (redis: Redis, key: string) => Promise<unknown>): Promise<void> {
  const redis = new Redis(scene.stack.redis.url);
  await use(redis, `${scene.pipeline.name}.probe:${TAKEN_ID}`);
  redis.disconnect();
}

async function takeRow(scene: Scene): Promise<void> {
  await scene.pipeline.source.run(`INSERT INTO probe VALUES (${TAKEN_ID})`);
  await withRedis(scene, async (redis, key) => {
    taken = await eventually('the row', async () => (await redis.get(key)) ?? false);
    await redis.del(key);
  });
}

async function putBackRow(scene: Scene): Promise<void> {
  await withRedis(scene, (redis, key) => redis.set(key, taken));
}

async function relaunchWith(scene: Scene, name: ServiceName, options: ProcessOptions): Promise<void> {
  scene.pipeline.setOptions(name, options);
  await scene.service(name).stop();
  await scene.service(name).relaunch();
}

async function writePoison(scene: Scene): Promise<void> {
  const producer = scene.pipeline.kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: POISON_RECORDS }, (_, place) => ({
    key: `{"id":-${place}}`,
    value: 'no envelope',
    partition: place % 3,
  }));
  await producer.send({ topic: scene.pipeline.topic('probe'), messages });
  await producer.disconnect();
}

async function discardLetters(scene: Scene): Promise<void> {
  for (const sink of ['redis', 'elasticsearch', 'mysql'] as const)
    await order(scene, `sink-${sink}`, '/api/v1/dlq/discard', { by: 'test', reason: 'test', dryRun: false });
}

async function onTarget(scene: Scene, statement: string): Promise<void> {
  const admin = new Session(scene.stack.targetMysql, `${scene.pipeline.name}${TARGET_SUFFIX}`);
  await admin.run(statement);
  admin.close();
}

/** Throws with the answer when the order is not obeyed. */
async function order(
  scene: Scene,
  service: 'capture' | `sink-${'redis' | 'elasticsearch' | 'mysql'}`,
  path: string,
  body: unknown,
): Promise<void> {
  const answer = await scene.service(service).process.order(path, body);
  if (answer.status !== 200) throw new Error(`${path} of ${service}: ${JSON.stringify(answer)}`);
}
