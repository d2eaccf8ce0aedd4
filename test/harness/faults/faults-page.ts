import { MEMORY_MAX_MIB } from './judge.ts';
import { measuredList, resultsTable, serversList, type FaultResults } from './fault-results.ts';
import type { NamedCase } from './find-cases.ts';

/** Name of the soak among the results. */
export const SOAK = 'soak';

/** docs/faults.md: what the fault suite did when it ran last. */
export function faultsPage(cases: readonly NamedCase[], results: FaultResults): string {
  const listed = cases
    .map(({ name, fault }) => ({ name, ...fault }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return `# Faults

\`npm run test:faults\` makes each of these happen to a running pipeline under load: capture and three sinks as processes of
their own, real servers, TCP proxies between them ([how it works](../test/faults/README.md)). A case passes when nothing that was
committed is lost or published twice, every store equals the source in the end, no store ever went back to an older
change, what the fault does not touch goes on, health and metrics told of it, a new row is everywhere
within the bound after the fault, no service met an error that nobody handles, and none had more than ${MEMORY_MAX_MIB} MiB resident.

This page is written by the suite, from the last run of each case. Cases with • run with every \`npm test\`. The recovery is the slowest of a
case's runs; the commit is that of the code, with a digest behind \`+\` of what was changed in it.

${resultsTable(listed, results)}

## Servers

${serversList(listed, results) || 'Not noted yet.'}

## Measured

${measuredList(listed, results) || 'Nothing yet.'}

## Soak

${soakText(results)}
`;
}

function soakText(results: FaultResults): string {
  const soak = results[SOAK];
  const what =
    '`npm run soak -- --minutes 30` makes random faults, one every 10 to 20 s, and judges the same way.';
  if (soak === undefined) return `${what} It has not run yet.`;
  const outcome = soak.passed ? 'passed' : 'failed';
  const commit = soak.commit === null ? '' : ` at commit \`${soak.commit}\``;
  return `${what} On ${soak.date.slice(0, 10)}, with seed ${soak.seed}${commit}, it ${outcome}: ${soak.figures.join('; ')}.`;
}
