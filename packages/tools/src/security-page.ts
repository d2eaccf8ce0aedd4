/** What the test of the guard has found of one route: the status of each way to ask, null where there is no such way. */
export type RouteResult = Readonly<Record<string, string | number | null>>;

const BEGIN =
  '<!-- prettier-ignore-start -->\n<!-- Generated from packages/ops-api/test/guarded-routes.json. -->\n';
const END = '\n<!-- prettier-ignore-end -->';
const NONE = '–';

/** The page with its table of routes made again; all else in it is written by hand. Throws RangeError without the marks. */
export function securityPage(page: string, results: readonly RouteResult[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from)
    throw new RangeError('docs/security.md has lost the marks around its table of routes');
  return page.slice(0, from + BEGIN.length) + routeTable(results) + page.slice(to);
}

function routeTable(results: readonly RouteResult[]): string {
  const alike = Map.groupBy(results, ({ service: _, ...rest }) => JSON.stringify(rest));
  const rows = [...alike].map(([text, some]) => {
    const { request, role, ...cells } = JSON.parse(text) as RouteResult;
    const services = some.length > 1 ? 'all' : String(some[0]?.['service']);
    return [`\`${request}\``, services, role, ...Object.values(cells).map((cell) => cell ?? NONE)];
  });
  const { service: _, request: __, role: ___, ...ways } = results[0] ?? {};
  const head = ['request', 'service', 'role', ...Object.keys(ways)];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
