import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { OpsRole } from './ops-access.ts';

export interface OpsRequest {
  readonly query: URLSearchParams;
  /** What stands in the path for the `:name` parts of the route's. */
  readonly params: Readonly<Record<string, string>>;
  /** Body of a POST, at most 64 KiB; `''` for a GET. */
  readonly body: string;
  /** Who asks; null where nobody has to say. */
  readonly principal: string | null;
}

export interface OpsResponse {
  readonly status: number;
  /** Written as JSON. */
  readonly body: unknown;
  /** JSON that is written in place of the body, as it comes. */
  readonly stream?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A POST must say `content-type: application/json`, which no web page can send across origins unasked. */
export interface OpsRoute {
  readonly method: 'GET' | 'POST';
  /** `/api/v1/jobs/:id/pause`: a part that begins with a colon stands for any text. */
  readonly path: string;
  /** Older paths that lead to it, under the same guard. */
  readonly aliases?: readonly string[] | undefined;
  /** Body that a POST with none, and without a media type, stands for; such a request is refused where this is not said. */
  readonly bodyless?: string | undefined;
  /** What whoever asks must be; `anyone` needs no token, for probes. */
  readonly role: OpsRole | 'anyone';
  handle(request: OpsRequest): OpsResponse | Promise<OpsResponse>;
}

/** What the target of a request leads to. */
export interface FoundRoute {
  readonly route: OpsRoute | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly query: string;
  /** Methods that the path has; none when there is no such page. */
  readonly allowed: readonly string[];
}

/** The target is cut by hand: not every one that arrives is a URL. */
export function findRoute(routes: readonly OpsRoute[], { url = '', method }: IncomingMessage): FoundRoute {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const fitting = routes.flatMap((route) => {
    const params = [route.path, ...(route.aliases ?? [])]
      .map((known) => paramsOf(known, path))
      .find((some) => some !== null);
    return params === undefined ? [] : [{ route, params }];
  });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = fitting.find(({ route }) => route.method === wanted);
  return {
    route: found?.route,
    params: found?.params ?? {},
    query: mark < 0 ? '' : url.slice(mark + 1),
    allowed: fitting.flatMap((each) => (each.route.method === 'GET' ? ['GET', 'HEAD'] : ['POST'])),
  };
}

/** The texts of the `:name` parts; null when the path is not the pattern's. */
function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, found] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== found.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = found[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decoded(text);
    else if (part !== text) return null;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
