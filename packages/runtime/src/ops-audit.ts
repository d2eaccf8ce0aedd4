import type { OpsRole, Principal } from './ops-access.ts';
import { TokenBuckets } from './token-buckets.ts';

/** An order, or a refusal, as the audit topic keeps it. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  /** Who has shown to be that; null where nobody was asked, or nobody was shown. */
  readonly principal: string | null;
  readonly role: OpsRole | null;
  /** Where the request came from; null for one of the command that asked no service. */
  readonly address: string | null;
  /** Of HTTP; `COMMAND` for what the command does to Kafka itself. */
  readonly method: string;
  /** Path of the route with its `:name` parts, or words of the command; `unknown` for a page that does not exist. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  /** What was ordered, as far as it may be shown; null for a request without a body. */
  readonly order: Readonly<Record<string, unknown>> | null;
  /** Of HTTP; null for the command. */
  readonly status: number | null;
  readonly result: 'done' | 'refused' | 'failed';
  /** Error code of docs/errors.md. */
  readonly code: string | null;
  /** Refusals since the entry before that were too many to be kept. */
  readonly omitted: number;
}

/** Keeps entries. */
export interface AuditLog {
  /** Resolves when the entry is stored, or after a few seconds when it could not be: then it is told and kept on trying. Never throws. */
  record(entry: AuditEntry): Promise<void>;
  /** Why entries wait, in one sentence; null when none does. */
  readonly trouble: string | null;
}

/** Members whose text is shown: none of them holds values of rows or secrets. */
const SHOWN = new Set([
  'by',
  'reason',
  'sink',
  'topic',
  'table',
  'tables',
  'id',
  'ids',
  'error',
  'since',
  'until',
  'to',
  'from',
  'database',
  'report',
  'sinks',
  'takenAt',
]);
const TEXT_LENGTH = 500;
const LISTED = 50;
const MEMBERS = 30;

/** The members of an order: numbers and switches as they are, known texts shortened, of any other only that there was one. */
export function shownOrder(body: string): AuditEntry['order'] {
  if (body === '') return null;
  try {
    const given: unknown = JSON.parse(body);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return {};
    const members = Object.entries(given).slice(0, MEMBERS);
    return Object.fromEntries(
      members.map(([name, value]) => [name.slice(0, 50), shown(value, SHOWN.has(name))]),
    );
  } catch {
    return {};
  }
}

function shown(value: unknown, isKnown: boolean): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (isKnown && typeof value === 'string') return value.slice(0, TEXT_LENGTH);
  if (isKnown && Array.isArray(value)) {
    const first = value.slice(0, LISTED).map((each) => shown(each, typeof each === 'string'));
    return value.length > LISTED ? [...first, `… ${value.length} in all`] : first;
  }
  return `(${JSON.stringify(value).length} characters)`;
}

/** Keeps what strangers are refused from filling the topic: so many at once, and so many more each second, of one address and of all. */
const OF_ADDRESS = { burst: 20, perSecond: 0.2, names: 1000 };
const OF_ALL = { burst: 100, perSecond: 1, names: 1 };

/** What of one request is known when it is answered. */
export interface Asked {
  readonly address: string;
  readonly method: string;
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly who: Principal | null;
  /** Body of an order that was let in; `''` for none. */
  readonly body: string;
  /** Whether it changes something, and its page exists. */
  readonly isOrder: boolean;
  /** Whether its order was let in: the guard had nothing against it. */
  readonly isAdmitted: boolean;
  readonly status: number;
  readonly code: string | null;
}

/** Decides what of the requests to one service is kept: all orders that were let in, and of refusals as many as are bearable. */
export class OpsAudit {
  readonly #log: AuditLog;
  readonly #ofAddress = new TokenBuckets(OF_ADDRESS);
  readonly #ofAll = new TokenBuckets(OF_ALL);
  #omitted = 0;

  constructor(log: AuditLog) {
    this.#log = log;
  }

  /** Resolves when an answer may be given: an order's entry is stored first, as far as that can be. */
  async note(asked: Asked): Promise<void> {
    if (asked.isAdmitted && asked.isOrder) return this.#log.record(this.#entry(asked));
    if (!asked.isOrder && !REFUSALS.has(asked.status)) return;
    if (this.#ofAddress.take(asked.address) > 0 || this.#ofAll.take('') > 0) {
      this.#omitted += 1;
      return;
    }
    void this.#log.record(this.#entry(asked));
  }

  #entry({ address, method, route, params, who, body, status, code }: Asked): AuditEntry {
    const omitted = this.#omitted;
    this.#omitted = 0;
    return {
      at: new Date().toISOString(),
      principal: who?.name ?? null,
      role: who?.role ?? null,
      address,
      method,
      route,
      params: Object.fromEntries(
        Object.entries(params).map(([name, text]) => [name, text.slice(0, TEXT_LENGTH)]),
      ),
      order: shownOrder(body),
      status,
      result: resultOf(status),
      code,
      omitted,
    };
  }
}

/** Of requests that ask for nothing but a page. */
const REFUSALS = new Set([401, 403, 421, 429]);

function resultOf(status: number): AuditEntry['result'] {
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}
