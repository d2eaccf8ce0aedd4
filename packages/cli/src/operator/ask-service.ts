import { anyStatus, captureStatus, health, sinkStatus, type AnswerOf, type Health } from '@sluice/ops-api';
import { CallFailed, look, type Call, type CallProblem } from '@sluice/ops-api/client';

type Capture = AnswerOf<typeof captureStatus>;
type Sink = AnswerOf<typeof sinkStatus>;

/** What a line shows: of capture, and of sinks. */
export type ServiceStatus = Pick<
  Capture,
  | 'service'
  | 'instance'
  | 'pipeline'
  | 'state'
  | 'captures'
  | 'behindSeconds'
  | 'stream'
  | 'records'
  | 'refused'
  | 'ddl'
  | 'lastError'
> &
  Pick<Sink, 'group' | 'phase' | 'lag' | 'paused' | 'pausedByOperator' | 'heartbeat' | 'latencyMs'> & {
    readonly cdc?: { readonly errorRate: number } | undefined;
  };

const PATIENCE_MS = 5000;

/** What comes back from an address: the pages of a service, or why they do not. */
export type Told =
  | {
      readonly kind: 'told';
      readonly ready: boolean;
      readonly status: ServiceStatus;
      readonly health: Health;
    }
  | { readonly kind: CallProblem; readonly detail: string };

/**
 * Whoever answers, the one that is meant or not, tells its page, read as that of a sink when it has a consumer group.
 * @param service where it is asked, and as whom
 */
export async function askService(service: Call): Promise<Told> {
  const call = { ...service, meant: undefined, timeoutMs: PATIENCE_MS };
  try {
    const { group } = await look(call, anyStatus);
    const status = await (group === undefined ? look(call, captureStatus) : look(call, sinkStatus));
    const told = await look(call, health);
    return { kind: 'told', ready: told.ready, status, health: told };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { kind: error.problem, detail: error.message };
  }
}
