import { z } from 'zod';
import { CommandFailed } from '../operator/command-failed.ts';
import { UsageError } from '../operator/usage-error.ts';

const PATIENCE_MS = 30_000;

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

  /** @param address `http://HOST:PORT`, with a path where it has one, and `USER:PASSWORD@` where it asks for a login. Throws UsageError. */
  constructor(address: string) {
    const url = URL.parse(address.endsWith('/') ? address : `${address}/`);
    if (url === null || !/^https?:$/.test(url.protocol))
      throw new UsageError('--prometheus must be an address such as http://prometheus:9090');
    this.#url = url;
  }

  /** Throws CommandFailed when it does not answer, or refuses. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { username, password, origin } = this.#url;
    const page = new URL('api/v1/query', this.#url);
    [page.username, page.password] = ['', ''];
    page.searchParams.set('query', expression);
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const headers: Record<string, string> =
      username === '' ? {} : { authorization: `Basic ${login.toString('base64')}` };
    try {
      const response = await fetch(page, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return samplesOf(await response.json());
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error && cause.message !== '' ? cause.message : message;
      throw new CommandFailed(`Prometheus at ${origin} does not answer: ${why}`, { cause: error });
    }
  }
}

function samplesOf(body: unknown): readonly Sample[] {
  const told = answerSchema.safeParse(body);
  if (!told.success) throw new Error('what answers is no Prometheus');
  return told.data.data.result.map(({ metric, value: [, text] }) => ({
    labels: metric,
    value: numberOf(text),
  }));
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/** A selector of series of one pipeline, with what else is to hold. */
export function ofPipeline(pipeline: string, more = ''): string {
  return `{pipeline=${JSON.stringify(pipeline)}${more === '' ? '' : `,${more}`}}`;
}
