import { auditTopic } from '@sluice/envelope';
import { AuditTrail } from '@sluice/kafka';
import { createLogger, PipelineError, shownOrder, type AuditEntry, type SluiceConfig } from '@sluice/runtime';
import type { Screen } from './screen.ts';

export interface CommandOrder {
  readonly config: SluiceConfig;
  /** Its words: `dlq discard`. */
  readonly command: string;
  /** What is done, to what, and by whom. */
  readonly order: Readonly<Record<string, unknown>>;
  readonly screen: Screen;
}

/**
 * Does what the command writes to Kafka itself, past any service, and keeps it in the audit topic as a service keeps its orders. Throws
 * what `work` throws; an entry that is not stored is told.
 */
export async function audited<T>(given: CommandOrder, work: () => Promise<T>): Promise<T> {
  const { config, screen } = given;
  const { kafka, topics } = config;
  const topic = auditTopic(topics.prefix);
  const log = createLogger('sluice', { level: 'silent' });
  const trail = new AuditTrail({ kafka, topic, topics, service: 'command', log });
  const keep = async (result: AuditEntry['result'], code: string | null): Promise<void> => {
    await trail.record(entryOf(given, result, code));
    if (trail.trouble !== null) screen.say(`audit: not in the topic: ${trail.trouble}`);
  };
  try {
    const done = await work();
    await keep('done', null);
    return done;
  } catch (error) {
    await keep('failed', error instanceof PipelineError ? error.code : null);
    throw error;
  } finally {
    await trail.close();
  }
}

/** Nobody has asked who runs the command: `by` of the order is what he says. */
function entryOf(
  { command, order }: CommandOrder,
  result: AuditEntry['result'],
  code: string | null,
): AuditEntry {
  return {
    at: new Date().toISOString(),
    principal: null,
    role: null,
    address: null,
    method: 'COMMAND',
    route: command,
    params: {},
    order: shownOrder(JSON.stringify(order)),
    status: null,
    result,
    code,
    omitted: 0,
  };
}
