import {
  heartbeatOfSource,
  Refusal,
  routeOf,
  setSourceReadOnly,
  setSourceReadWrite,
  sourceHistory,
  switchSource,
} from '@sluice/ops-api';
import type { OpsRoute } from '@sluice/runtime';
import type { CaptureSession } from '../session/capture-session.ts';
import type { SourceOrder } from '../source/choose-host.ts';
import { onConnection } from '../source/open-connection.ts';
import { replicationRows } from '../source/replica.ts';
import { readOnlyStatements, setReadOnly } from '../switchover/read-only.ts';

type Session = Pick<CaptureSession, 'source' | 'sources' | 'stream' | 'confirm'>;

/** The part of capture that the routes ask. */
export interface SourceReader {
  /** Null while nothing is read from the source. */
  readonly session: Session | null;
  /** Instance of the capture that leads; null when none is known to. */
  readonly leader: string | null;
  /** Has the server of the order be read from here on; answers the one that was read, or why not. */
  readonly readFrom: (order: SourceOrder) => { readonly from: string } | { readonly why: string };
}

/** The ops API of source servers. */
export function sourceRoutes(reader: () => SourceReader): readonly OpsRoute[] {
  const here = <T>(work: (session: Session) => T): T | Refusal => {
    const { session, leader } = reader();
    return session === null ? notHere(leader) : work(session);
  };
  return [
    routeOf(sourceHistory, () =>
      here(({ source, sources }) => ({ server: source.address, switches: sources })),
    ),
    routeOf(switchSource, ({ to, by, reason }) => {
      const answer = reader().readFrom({ address: to, by, reason });
      return 'why' in answer ? new Refusal(503, answer.why) : { from: answer.from, to };
    }),
    routeOf(heartbeatOfSource, () => here(heartbeat)),
    routeOf(setSourceReadOnly, () => here((session) => setAll(session, true))),
    routeOf(setSourceReadWrite, () => here((session) => setAll(session, false))),
  ];
}

function notHere(leader: string | null): Refusal {
  const whom = leader === null ? 'no capture is known to lead' : `ask ${leader}, which leads`;
  return new Refusal(503, `this capture reads no source just now: ${whom}`);
}

async function heartbeat(
  session: Session,
): Promise<{ readonly server: string; readonly generation: number }> {
  await session.confirm();
  return { server: session.source.address, generation: session.stream.place.sequence.generation };
}

async function setAll(
  { source }: Session,
  readOnly: boolean,
): Promise<Refusal | { readonly server: string; readonly readOnly: boolean }> {
  const { address, facts } = source;
  return onConnection(source, {}, async (connection) => {
    if ((await replicationRows(connection, facts)).length > 0)
      return new Refusal(503, `${address} replicates from another server: it is not the primary`);
    if (await setReadOnly(connection, facts.flavour, readOnly)) return { server: address, readOnly };
    const statements = readOnlyStatements(facts.flavour, readOnly).join('; ');
    return new Refusal(503, `the account of source may not: run on ${address}: ${statements};`);
  });
}
