import type { FaultCase } from '../harness/faults/fault-case.ts';
import { PACED_TABLE, PacedRows } from '../harness/faults/paced-rows.ts';
import { RowLag } from '../harness/faults/row-lag.ts';
import type { Scene } from '../harness/faults/scene.ts';

const AWAY_MS = 120_000;
const ROWS_PER_SECOND = 400;
const BEHIND_MAX_S = 1;
const OTHERS = ['redis', 'mysql'] as const;
const LOOK_MS = 250;

export const fault: FaultCase = {
  title:
    'Elasticsearch is stopped for 2 minutes under more than 500 row changes a second: Redis and MySQL stay less than 1 s behind, Elasticsearch catches up',
  // What came while it was away is caught up in less time than that, with the changes that come meanwhile.
  recoverySeconds: AWAY_MS / 1000,
  limitSeconds: 420,
  killsElasticsearch: true,
  tables: ['paced'],
  pipeline: { sections: { source: { heartbeatIntervalMs: 250 } }, statements: [PACED_TABLE] },
  run: async (scene) => {
    const { pipeline, stack } = scene;
    const rows = new PacedRows(stack.mysql, pipeline.name, ROWS_PER_SECOND);
    await scene.flows();
    await stack.kill('elasticsearch', 'SIGTERM');
    const changesBefore = await changesOf(scene);
    const behind = await whileAway(scene, rows);
    const changes = ((await changesOf(scene)) - changesBefore) / (AWAY_MS / 1000);
    const late = new RowLag(pipeline, 'elasticsearch', rows);
    await stack.start('elasticsearch');
    scene.over();
    const begun = performance.now();
    await scene.sign('the breaker to close', async () => await breakerIs(scene, 'closed'), 60_000);
    await scene.sign('Elasticsearch to catch up', () => late.now < BEHIND_MAX_S, 120_000);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    await Promise.all([late.stop(), rows.stop()]);
    scene.figures.push(
      `${Math.round(changes)} row changes a second`,
      ...behind,
      `Elasticsearch caught up in ${seconds} s`,
    );
  },
};

/** The largest lag of the others, by rows and by heartbeats, a line each; throws when one is too large. */
async function whileAway(scene: Scene, rows: PacedRows): Promise<string[]> {
  const byRows = OTHERS.map((sink) => new RowLag(scene.pipeline, sink, rows));
  const byHeartbeat = new Map<string, number>();
  let opened = false;
  for (const end = performance.now() + AWAY_MS; performance.now() < end; await scene.goOn(LOOK_MS)) {
    opened ||= await breakerIs(scene, 'open');
    for (const sink of OTHERS) {
      const lag = await scene.metric(`sink-${sink}`, 'cdc_heartbeat_latency_seconds', { sink });
      byHeartbeat.set(sink, Math.max(byHeartbeat.get(sink) ?? 0, lag));
    }
  }
  await Promise.all(byRows.map((lag) => lag.stop()));
  if (!opened) throw new Error('the breaker did not open');
  return OTHERS.map((sink, place) => {
    const [row, heartbeat] = [byRows[place]?.most ?? Number.NaN, byHeartbeat.get(sink) ?? Number.NaN];
    const line = `${sink} at most ${row.toFixed(2)} s behind by its rows, ${heartbeat.toFixed(2)} s by the heartbeat`;
    if (!(row < BEHIND_MAX_S) || !(heartbeat < BEHIND_MAX_S)) throw new Error(line);
    return line;
  });
}

async function breakerIs(scene: Scene, state: string): Promise<boolean> {
  const labels = { sink: 'elasticsearch', state };
  return (await scene.metric('sink-elasticsearch', 'cdc_circuit_breaker_state', labels)) === 1;
}

function changesOf(scene: Scene): Promise<number> {
  return scene.metric('capture', 'cdc_capture_events_total');
}
