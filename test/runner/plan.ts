export const checkNames = ['format', 'lint', 'typecheck'] as const;
export const suiteNames = ['unit', 'conformance', 'e2e', 'values'] as const;
/** Runs only when named: it takes minutes. */
const longSuites: readonly string[] = ['values'];

export type CheckName = (typeof checkNames)[number];
export type SuiteName = (typeof suiteNames)[number];

export interface Plan {
  readonly checks: readonly CheckName[];
  readonly suites: readonly SuiteName[];
  /** Handed to vitest as they are: file filters, `-t name`. */
  readonly vitestArgs: readonly string[];
}

/** `[]` → everything; `['e2e', '-t', 'name']` → that suite with `-t name`; only leading words name steps. */
export function planOf(args: readonly string[]): Plan {
  const names = [...checkNames, ...suiteNames] as readonly string[];
  const firstOther = args.findIndex((arg) => !names.includes(arg));
  const named = new Set(firstOther === -1 ? args : args.slice(0, firstOther));
  const vitestArgs = firstOther === -1 ? [] : args.slice(firstOther);
  // A filter alone is meant for tests: the checks have nothing to filter.
  const wanted = (name: string, unnamed: boolean): boolean => (named.size === 0 ? unnamed : named.has(name));
  return {
    checks: checkNames.filter((name) => wanted(name, vitestArgs.length === 0)),
    suites: suiteNames.filter((name) => wanted(name, !longSuites.includes(name))),
    vitestArgs,
  };
}
