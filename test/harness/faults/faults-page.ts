import { MEMORY_MAX_MIB } from './judge.ts';
import {
  measuredList,
  resultsTable,
  serversList,
  type FaultResult,
  type FaultResults,
} from './fault-results.ts';
import type { NamedCase } from './find-cases.ts';

/** Names of the soaks among the results. */
export const SOAK = 'soak';
export const PAIR_SOAK = 'soak-pair';

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
  const one =
    '`npm run soak -- --minutes 30` makes random faults, one every 10 to 20 s, and judges the same way.';
  const pair =
    'With `--pair mysql` (or `mariadb`) there are two captures and a source with a replica: also the capture that leads is killed, paused and cut off, the stream handed over, the source killed, and its replica put in its place.';
  return [`${one} ${outcomeOf(results[SOAK])}`, `${pair} ${outcomeOf(results[PAIR_SOAK])}`].join('\n\n');
}

function outcomeOf(soak: FaultResult | undefined): string {
  if (soak === undefined) return 'It has not run yet.';
  const outcome = soak.passed ? 'passed' : 'failed';
  const commit = soak.commit === null ? '' : ` at commit \`${soak.commit}\``;
  return `On ${soak.date.slice(0, 10)}, with seed ${soak.seed}${commit}, it ${outcome}: ${soak.figures.join('; ')}.`;
}
