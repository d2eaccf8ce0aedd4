export const checkNames = ['format', 'lint', 'typecheck'] as const;
export const suiteNames = ['unit', 'conformance', 'e2e', 'faults', 'values'] as const;
/** What a suite that takes minutes reads when it runs in every run: the short form, unless it is named. */
const SHORT_FORM: Readonly<Record<string, string>> = { SLUICE_VALUES_SHORT: '1' };

export type CheckName = (typeof checkNames)[number];
export type SuiteName = (typeof suiteNames)[number];

/**
 * How suites on servers share two processors: phases one after the other, in each of them lanes at once, in a lane its suites one after the
 * other. Conformance and faults leave half of the processors idle, each for itself: their tests wait for outages and restarts.
 */
const PHASES: readonly (readonly (readonly SuiteName[])[])[] = [
  [['conformance'], ['faults', 'values']],
  [['e2e']],
];

export interface Plan {
  readonly checks: readonly CheckName[];
  readonly suites: readonly SuiteName[];
  /** Handed to vitest as they are: file filters, `-t name`. */
  readonly vitestArgs: readonly string[];
  /** How large and how random the randomized tests are. */
  readonly env: Readonly<Record<string, string>>;
}

/** Options of the runner itself, by the variable that the tests read and what it takes. The last of several holds. */
const NUMBER = { form: /^\d{1,10}$/, needs: 'a whole number' };
const VARIABLES: ReadonlyMap<
  string,
  { readonly name: string; readonly form: RegExp; readonly needs: string }
> = new Map([
  ['--runs', { name: 'SLUICE_CONFORMANCE_RUNS', ...NUMBER }],
  ['--seconds', { name: 'SLUICE_DDL_SECONDS', ...NUMBER }],
  ['--seed', { name: 'SLUICE_TEST_SEED', ...NUMBER }],
  ['--histories', { name: 'SLUICE_HISTORIES', ...NUMBER }],
  ['--server', { name: 'SLUICE_HISTORY_SERVER', form: /^(mysql|mariadb)$/, needs: 'mysql or mariadb' }],
  ['--lanes', { name: 'SLUICE_HISTORY_LANES', ...NUMBER }],
  ['--sinks', { name: 'SLUICE_HISTORY_SINKS', form: /^[a-z,]+$/, needs: 'sinks with commas' }],
  [
    '--disturb',
    {
      name: 'SLUICE_HISTORY_DISTURBANCES',
      form: /^(none|mixed|(capture|sinks)-(held|killed))$/,
      needs: 'none, mixed, or capture or sinks with -held or -killed',
    },
  ],
  [
    '--target',
    {
      name: 'SLUICE_STACK_TARGET',
      form: /^(mysql|mariadb-10\.11|mariadb-11\.8)$/,
      needs: 'mysql, mariadb-10.11 or mariadb-11.8',
    },
  ],
  ['--mariadb', { name: 'SLUICE_STACK_MARIADB', form: /^(10\.11|11\.8)$/, needs: '10.11 or 11.8' }],
  ['--without', { name: 'SLUICE_HISTORY_WITHOUT', form: /^[a-z ,]+$/, needs: 'names with commas' }],
]);

/**
 * `[]` → everything; `['e2e', '-t', 'name']` → that suite with `-t name`; only leading words name steps. Throws RangeError for
 * an option of the runner without what it needs.
 */
export function planOf(given: readonly string[]): Plan {
  const { args, env } = takeVariables(given);
  const names = [...checkNames, ...suiteNames] as readonly string[];
  const firstOther = args.findIndex((arg) => !names.includes(arg));
  const named = new Set(firstOther === -1 ? args : args.slice(0, firstOther));
  const vitestArgs = firstOther === -1 ? [] : args.slice(firstOther);
  // A filter alone is meant for vitest: checks and faults have nothing that it filters, values would do all their work first.
  const wanted = (name: string, unnamed: boolean): boolean => (named.size === 0 ? unnamed : named.has(name));
  const isUsual = (suite: SuiteName): boolean =>
    vitestArgs.length === 0 || (suite !== 'faults' && suite !== 'values');
  return {
    checks: checkNames.filter((name) => wanted(name, vitestArgs.length === 0)),
    suites: suiteNames.filter((name) => wanted(name, isUsual(name))),
    vitestArgs,
    env: named.size === 0 && vitestArgs.length === 0 ? { ...SHORT_FORM, ...env } : env,
  };
}

/** The phases of these suites; those without any are left out. */
export function phasesOf(suites: readonly SuiteName[]): SuiteName[][][] {
  const wanted = PHASES.map((lanes) => lanes.map((lane) => lane.filter((suite) => suites.includes(suite))));
  return wanted.map((lanes) => lanes.filter((lane) => lane.length > 0)).filter((lanes) => lanes.length > 0);
}

function takeVariables(given: readonly string[]): { args: string[]; env: Record<string, string> } {
  const args: string[] = [];
  const env: Record<string, string> = {};
  for (let index = 0; index < given.length; index += 1) {
    const arg = given[index] ?? '';
    const variable = VARIABLES.get(arg);
    if (variable === undefined) {
      args.push(arg);
      continue;
    }
    index += 1;
    const value = given[index] ?? '';
    if (!variable.form.test(value)) throw new RangeError(`${arg} needs ${variable.needs}`);
    env[variable.name] = value;
  }
  return { args, env };
}
