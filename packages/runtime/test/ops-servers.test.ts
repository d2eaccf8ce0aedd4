import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { PipelineError } from '../src/errors.ts';
import type { HealthReport } from '../src/health.ts';
import { createLogger } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { startOpsServers, type OpsServers, type OpsServersOptions } from '../src/ops-servers.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function start(report: HealthReport, more: Partial<OpsServersOptions> = {}): Promise<OpsServers> {
  const { registry } = createMetrics('test');
  const servers = await startOpsServers({
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    registry,
    health: () => report,
    status: () => ({ position: 'binlog.000001:4' }),
    ...more,
  });
  opened.push(servers);
  return servers;
}

async function get(
  port: number,
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const text = await response.text();
  return {
    status: response.status,
    body: response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text,
  };
}

const post = (body: string): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json' },
});

test('degraded is 200, down is 503, with the components', async () => {
  const components = {
    kafka: { status: 'ok' },
    source: { status: 'degraded', detail: 'reconnecting' },
  } as const;
  const degraded = await start({ ready: true, components });
  expect(await get(degraded.port, '/health')).toEqual({
    status: 200,
    body: { status: 'degraded', ready: true, components },
  });
  const down = await start({ ready: false, components: { kafka: { status: 'down' } } });
  expect(await get(down.port, '/health')).toMatchObject({ status: 503, body: { status: 'down' } });
});

test('liveness and readiness are apart: a store that is down does not kill the process', async () => {
  const { port } = await start({ ready: false, components: { kafka: { status: 'down' } } });
  expect((await get(port, '/livez')).status).toBe(200);
  expect((await get(port, '/readyz')).status).toBe(503);
  const stuck = await start({ ready: true, live: false, components: {} });
  expect((await get(stuck.port, '/livez')).status).toBe(503);
});

test('status, metrics and unknown pages', async () => {
  const { port, metricsPort } = await start({ ready: true, components: {} });
  expect(await get(port, '/status')).toEqual({ status: 200, body: { position: 'binlog.000001:4' } });
  expect((await get(port, '/nothing')).status).toBe(404);
  const metrics = await get(metricsPort, '/metrics');
  expect(metrics.body).toContain(
    'http_request_duration_seconds_count{route="/api/v1/status",method="GET",status="200"} 1',
  );
  expect(metrics.body).toContain(
    'http_request_duration_seconds_count{route="unknown",method="other",status="404"} 1',
  );
  expect((await get(metricsPort, '/')).status).toBe(404);
  const asked = await get(metricsPort, '/metrics?collect[]=cdc&x');
  expect([asked.status, asked.body]).toEqual([200, expect.stringContaining('cdc_build_info')]);
  expect((await get(metricsPort, '/metricsx')).status).toBe(404);
});

test('a component that is told of no more is in no state', async () => {
  let components: HealthReport['components'] = { kafka: { status: 'ok' }, tables: { status: 'degraded' } };
  const health = (): HealthReport => ({ ready: false, components });
  const { metricsPort } = await start({ ready: true, components: {} }, { health });
  const series = 'cdc_component_status{component="tables",status="degraded"}';
  expect((await get(metricsPort, '/metrics')).body).toContain(`${series} 1`);
  components = { operator: { status: 'down' } };
  const { body } = await get(metricsPort, '/metrics');
  expect(body).toContain(`${series} 0`);
  expect(body).toContain('cdc_component_status{component="kafka",status="ok"} 0');
  expect(body).toContain('cdc_component_status{component="operator",status="down"} 1');
});

test('own routes: bodies bounded, JSON only, errors told by class, to who asked and in the log', async () => {
  const lines: string[] = [];
  const log = createLogger('capture', { level: 'info' }, { write: (line) => lines.push(line) });
  const { port } = await start(
    { ready: true, components: {} },
    {
      log,
      routes: [
        {
          method: 'POST',
          role: 'operator',
          path: '/echo',
          handle: ({ body, query }) => ({ status: 202, body: { body, a: query.get('a') } }),
        },
        {
          method: 'POST',
          role: 'operator',
          path: '/refuse',
          handle: () => {
            throw new PipelineError('CONFIG_INVALID', 'no such table');
          },
        },
        {
          method: 'POST',
          role: 'operator',
          path: '/crash',
          handle: () => {
            throw new Error('row value');
          },
        },
      ],
    },
  );
  expect(await get(port, '/echo?a=1', post('{"x":1}'))).toEqual({
    status: 202,
    body: { body: '{"x":1}', a: '1' },
  });
  expect((await get(port, '/echo', { method: 'POST', body: 'x' })).status).toBe(415);
  expect((await get(port, '/echo')).status).toBe(405);
  expect((await get(port, '/echo', post('x'.repeat(70_000)))).status).toBe(413);
  expect(await get(port, '/refuse', post('{}'))).toEqual({
    status: 400,
    body: { error: 'no such table', code: 'CONFIG_INVALID' },
  });
  expect(await get(port, '/crash', post('{}'))).toEqual({ status: 500, body: { error: 'internal error' } });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 'warn', event: 'ops.failed', method: 'POST', route: '/refuse', err: { code: 'CONFIG_INVALID' } },
    { level: 'error', event: 'ops.failed', method: 'POST', route: '/crash', err: { name: 'Error' } },
  ]);
});

test('a taken port names its setting, and the other port is let go', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => {
    blocker.listen(0, '127.0.0.1', resolve);
  });
  opened.push({
    close: () =>
      new Promise((resolve) => {
        blocker.close(resolve);
      }),
  });
  const { port } = blocker.address() as AddressInfo;
  const attempt = start({ ready: true, components: {} }, { metricsPort: port, setting: 'capture.ops' });
  await expect(attempt).rejects.toMatchObject({
    code: 'OPS_PORT_TAKEN',
    message: `cannot listen on 127.0.0.1:${port} (EADDRINUSE): change capture.ops.metricsPort`,
  });
});
