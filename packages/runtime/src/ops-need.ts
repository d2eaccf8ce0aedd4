import type { HealthReport } from './health.ts';
import type { OperatorNeed } from './operator-need.ts';
import type { OpsPages } from './ops-pages.ts';
import type { OpsResponse, OpsRoute } from './ops-routes.ts';

interface Pages extends OpsPages {
  readonly routes?: readonly OpsRoute[];
}

/**
 * The pages of a service that may wait for a person: then they say so, it is not ready, and it takes no orders. That it is ready again
 * ends the wait.
 */
export function withNeed<P extends Pages>(pages: P, need: OperatorNeed | undefined): P {
  if (need === undefined) return pages;
  const health = (): HealthReport => {
    const report = pages.health();
    if (report.ready) need.over();
    const now = need.current;
    const operator =
      now === null
        ? ({ status: 'ok' } as const)
        : ({ status: 'down', detail: `${now.code}: ${now.message} Fix: ${now.fix}` } as const);
    return { ...report, ready: report.ready && now === null, components: { ...report.components, operator } };
  };
  const status = async (): Promise<unknown> => {
    health();
    const body = await pages.status();
    return typeof body === 'object' ? { ...body, needsOperator: need.current } : body;
  };
  return { ...pages, health, status, routes: pages.routes?.map((route) => heldRoute(route, need)) };
}

function heldRoute(route: OpsRoute, need: OperatorNeed): OpsRoute {
  return {
    ...route,
    handle: (request) => {
      const { current } = need;
      return current === null ? route.handle(request) : refusal(current.code, current.message);
    },
  };
}

function refusal(code: string, message: string): OpsResponse {
  return { status: 503, body: { code, error: `the service waits for a person: ${message}` } };
}
