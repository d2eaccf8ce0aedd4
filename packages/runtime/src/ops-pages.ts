import { rollUp, type HealthReport } from './health.ts';
import type { OpsRoute } from './ops-routes.ts';

export interface OpsPages {
  readonly health: () => HealthReport;
  readonly status: () => unknown;
}

/** For whatever starts the process again, and sends it work. */
export function probeRoutes({ health }: OpsPages): OpsRoute[] {
  const probe = (path: string, check: (report: HealthReport) => boolean): OpsRoute => ({
    method: 'GET',
    path,
    role: 'anyone',
    handle: () => {
      const ok = check(health());
      return { status: ok ? 200 : 503, body: { status: ok ? 'ok' : 'down' } };
    },
  });
  return [probe('/livez', (report) => report.live ?? true), probe('/readyz', (report) => report.ready)];
}

/** Of every service. */
export function pageRoutes({ health, status }: OpsPages): OpsRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/health',
      aliases: ['/health', '/api/health/detailed'],
      role: 'viewer',
      handle: () => {
        const report = health();
        const { ready, state, components } = report;
        const overall = rollUp(report);
        return {
          status: overall === 'down' ? 503 : 200,
          body: { status: overall, ready, ...(state === undefined ? {} : { state }), components },
        };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/status',
      aliases: ['/status'],
      role: 'viewer',
      handle: async () => ({ status: 200, body: await status() }),
    },
  ];
}
