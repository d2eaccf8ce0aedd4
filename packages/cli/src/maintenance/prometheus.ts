import { isLoopback } from '@sluice/runtime';
import { z } from 'zod';
import { CommandFailed } from '../operator/command-failed.ts';
import { UsageError } from '../operator/usage-error.ts';

const PATIENCE_MS = 30_000;
const ADDRESS =
  '--prometheus: the address under which its page opens from here, with its path, or --skip what asks for it';
const LOGIN = '--prometheus-login-file: USER:PASSWORD or a token that may read, or --skip what asks for it';

/** Of an answer to an instant query ("HTTP API", Prometheus manual). A value is text, such as `1.5`, `+Inf` or `NaN`. */
const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Asks a Prometheus, or what speaks its API, for what is known now. */
export class Prometheus {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param address `http://HOST:PORT`, with a path where it has one
   * @param login `USER:PASSWORD`, or a token; null where it asks for none
   * @throws UsageError for one whose login others would see
   */
  constructor(address: string, login: string | null) {
    const url = URL.parse(address.endsWith('/') ? address : `${address}/`);
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new UsageError('--prometheus must be an address such as http://prometheus:9090');
    if (url.username !== '' || url.password !== '')
      throw new UsageError(
        '--prometheus has a login in it, which everybody on this machine can see: put USER:PASSWORD into a file, and name it by --prometheus-login-file',
      );
    if (login !== null && url.protocol === 'http:' && !isLoopback(url.hostname))
      throw new UsageError(
        '--prometheus-login-file: the login would cross the network in clear, name an https address',
      );
    this.#url = url;
    this.#headers = login === null ? {} : { authorization: authorization(login) };
  }

  /** Throws CommandFailed when it does not answer, or refuses. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { origin } = this.#url;
    const page = new URL('api/v1/query', this.#url);
    page.searchParams.set('query', expression);
    let answer: { readonly status: number; readonly body: unknown };
    try {
      const response = await fetch(page, {
        headers: this.#headers,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      // A refusal need not be JSON.
      answer = { status: response.status, body: response.ok ? await response.json() : null };
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error && cause.message !== '' ? cause.message : message;
      throw new CommandFailed(`Prometheus at ${origin} does not answer: ${why}`, {
        cause: error,
        fix: ADDRESS,
      });
    }
    const { status, body } = answer;
    if (status === 401 || status === 403)
      throw new CommandFailed(`Prometheus at ${origin} refuses the login: status ${status}`, { fix: LOGIN });
    const told = answerSchema.safeParse(body);
    if (told.success) return samplesOf(told.data);
    const what = body === null ? `status ${status}` : 'what answers is no Prometheus';
    throw new CommandFailed(`Prometheus at ${origin} gives no answer to a query: ${what}`, { fix: ADDRESS });
  }
}

/** RFC 7617 and RFC 6750. */
function authorization(login: string): string {
  return login.includes(':') ? `Basic ${Buffer.from(login).toString('base64')}` : `Bearer ${login}`;
}

function samplesOf({ data }: z.output<typeof answerSchema>): readonly Sample[] {
  return data.result.map(({ metric, value: [, text] }) => ({ labels: metric, value: numberOf(text) }));
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** A selector of series of one pipeline, with what else is to hold. */
export function ofPipeline(pipeline: string, more = ''): string {
  return `{pipeline=${JSON.stringify(pipeline)}${more === '' ? '' : `,${more}`}}`;
}
