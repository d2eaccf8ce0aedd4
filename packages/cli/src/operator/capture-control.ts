import type { CaptureControl } from '@sluice/capture/switchover';
import { captureStatus, heartbeatOfSource, switchSource } from '@sluice/ops-api';
import { call, type Call } from '@sluice/ops-api/client';

/** An answer that takes longer tells nothing. */
const ANSWER_MS = 5000;

/** Capture by its ops API, for a switchover. @param who gives the orders, and why */
export function captureControl(
  service: Call,
  who: { readonly by: string; readonly reason: string },
): CaptureControl {
  const where = { ...service, timeoutMs: ANSWER_MS };
  return {
    now: async () => {
      const { state, stream } = await call(where, captureStatus, {});
      return {
        server: stream?.server ?? '',
        isStreaming: stream !== null && (state === 'streaming' || state === 'snapshot'),
        atTip: stream?.atTip === true,
        gtidSet: stream?.gtidSet ?? null,
      };
    },
    move: async (to) => void (await call(where, switchSource, { to, ...who })),
    heartbeat: async () => (await call(where, heartbeatOfSource, { by: who.by })).server,
  };
}
