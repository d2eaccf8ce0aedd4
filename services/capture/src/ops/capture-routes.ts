import { handOver, Refusal, routeOf, showLeader } from '@sluice/ops-api';
import type { OpsRoute } from '@sluice/runtime';
import type { Handover } from '../standby/handover.ts';

/** The ops API of leader and standbys. */
export function captureRoutes(handover: Pick<Handover, 'captures' | 'order'>): readonly OpsRoute[] {
  return [
    routeOf(showLeader, () => handover.captures()),
    routeOf(handOver, async ({ to }) => {
      const answer = await handover.order(to);
      return 'why' in answer ? new Refusal(503, answer.why) : answer;
    }),
  ];
}
