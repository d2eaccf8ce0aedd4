import { MEMORY_MAX_MIB } from './judge.ts';
import { resultsTable, type FaultResults } from './fault-results.ts';
import type { NamedCase } from './find-cases.ts';

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

This page is written by the suite. Cases with • run with every \`npm test\`.

${resultsTable(listed, results)}
`;
}
