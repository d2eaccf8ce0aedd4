import { parse } from 'yaml';

/** An alert rule, as far as the page shows it. */
interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: { readonly severity: string };
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** What `npm run test:alerts` has seen of an alert. */
export interface FiredAlert {
  readonly alert: string;
  readonly service: string;
  readonly fault: string;
  /** The rule as it was then. */
  readonly rule: string;
  readonly firedAfterSeconds: number;
  readonly resolvedAfterSeconds: number;
}

const HEAD = `# Alerts

Generated from \`infra/prometheus/rules\` and the last run of each case of \`npm run test:alerts\`. Severities: P0 is to be answered within 5 minutes, P1 within 30, P2 within 4 hours.

Every rule is tested by promtool with series by which it must fire, and must not (\`infra/prometheus/tests\`). Those with a fault were also seen in a real Prometheus
that read a real pipeline under load while the fault was played: firing, and resolved after its end. For that run every duration of the rules (\`for\`, windows,
offsets) is divided by 30, metrics are read twice a second, and seven thresholds are smaller (\`test/harness/alerts/short-rules.ts\`); the seconds are those of that run, counted
from the begin of the fault and from its end. What was seen of a rule that has changed since is not shown.
`;

/** @param files rule files by name, without the recording rules */
export function alertsPage(files: ReadonlyMap<string, string>, fired: readonly FiredAlert[]): string {
  const rules = [...files.values()].flatMap(rulesOf);
  const today = new Map(rules.map((rule) => [rule.alert, told(rule)]));
  const seen = fired.filter(({ alert, rule }) => today.get(alert) === rule);
  const sections = [...files].map(([name, text]) => section(name, text, seen));
  const byFault = new Set(seen.map(({ alert }) => alert)).size;
  const count = `${rules.length} rules, ${byFault} of them seen firing and resolving by a fault.\n`;
  return [HEAD, count, ...sections].join('\n');
}

function section(name: string, text: string, fired: readonly FiredAlert[]): string {
  const rows = rulesOf(text).map((rule) => row(name, rule, fired));
  return [
    `## ${name[0]?.toUpperCase()}${name.slice(1)}\n`,
    '| alert | severity | fires when | for | fault | fired after | resolved after |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function row(
  file: string,
  { alert = '', expr, for: time, labels }: Rule,
  fired: readonly FiredAlert[],
): string {
  const seen = fired.filter((each) => each.alert === alert);
  const cells = [
    `[${alert}](runbooks/${alert}.md) ([tests](../infra/prometheus/tests/${file}.yml))`,
    labels?.severity ?? '',
    `\`${expr.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')}\``,
    time ?? 'at once',
    seen.map(({ fault }) => fault).join('<br>') || '–',
    seen.map(({ firedAfterSeconds }) => `${firedAfterSeconds.toFixed(1)} s`).join('<br>') || '–',
    seen.map(({ resolvedAfterSeconds }) => `${resolvedAfterSeconds.toFixed(1)} s`).join('<br>') || '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** When it fires, in one line. */
function told({ expr, for: time = 'at once' }: Rule): string {
  return `${expr.replaceAll(/\s+/g, ' ').trim()}; ${time}`;
}

function rulesOf(text: string): Rule[] {
  const { groups } = parse(text) as RuleFile;
  return groups.flatMap(({ rules }) => rules.filter(({ alert }) => alert !== undefined));
}
