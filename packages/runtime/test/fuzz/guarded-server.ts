import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { createMetrics } from '../../src/metrics.ts';
import type { AuditLog } from '../../src/ops-audit.ts';
import { startOpsServers } from '../../src/ops-servers.ts';

/** A server in a thread of its own: what its memory grows by is seen apart, and what stops it is seen from outside. */
const [tokensFile = ''] = process.argv.slice(2);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let orders = 0;
let entries = 0;
const audit: AuditLog = {
  trouble: null,
  record: () => {
    entries += 1;
    return Promise.resolve();
  },
};
const { port, metricsPort } = await startOpsServers({
  host: '127.0.0.1',
  port: 0,
  metricsPort: 0,
  registry: createMetrics('fuzz').registry,
  health: () => ({ ready: true, components: {} }),
  status: () => ({}),
  tokensFile,
  audit,
  rate: { burst: 1e9, perSecond: 1e9 },
  routes: [
    {
      method: 'POST',
      path: '/api/v1/things/:id',
      aliases: ['/old/:id'],
      bodyless: '{"by":"not said"}',
      role: 'operator',
      handle: () => {
        orders += 1;
        return { status: 200, body: {} };
      },
    },
  ],
});

parentPort?.on('message', () => {
  // Twice: what only finalizers held is garbage at the second time.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  parentPort?.postMessage({ orders, entries, bytes: heapUsed + external });
});
parentPort?.postMessage({ ports: [port, port, port, metricsPort] });
