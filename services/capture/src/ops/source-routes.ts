import { Refusal, routeOf, sourceHistory } from '@sluice/ops-api';
import type { OpsRoute } from '@sluice/runtime';
import type { CaptureSession } from '../session/capture-session.ts';

/** The part of capture that the routes ask. */
export interface SourceReader {
  /** Null while nothing is read from the source. */
  readonly session: Pick<CaptureSession, 'address' | 'sources'> | null;
  /** Instance of the capture that leads; null when none is known to. */
  readonly leader: string | null;
}

/** The ops API of source servers. */
export function sourceRoutes(reader: () => SourceReader): readonly OpsRoute[] {
  return [
    routeOf(sourceHistory, () => {
      const { session, leader } = reader();
      return session === null ? notHere(leader) : { server: session.address, switches: session.sources };
    }),
  ];
}

function notHere(leader: string | null): Refusal {
  const whom = leader === null ? 'no capture is known to lead' : `ask ${leader}, which leads`;
  return new Refusal(503, `this capture reads no source just now: ${whom}`);
}
