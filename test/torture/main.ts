/**
 * `npm run test:torture -- [folder or file …] [--every N] [--from N]
 * [--seconds N] [--sinks LIST] [--report FILE]`: MariaDB's own regression suite on a
 * source while a pipeline with three sinks captures all of it. README.md says what it prints.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { runPlace } from './run-place.ts';
import { FOLDERS, suiteFolder, testFiles } from './suite-folder.ts';
import { SINK_NAMES } from '../harness/pipelines/sink-pipeline.ts';
import type { FileEnd } from './run-file.ts';
import { torture, type FileResult } from './torture-run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    every: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '36000' },
    sinks: { type: 'string', default: SINK_NAMES.join() },
    report: { type: 'string' },
  },
});
const begun = performance.now();
const seconds = (): number => (performance.now() - begun) / 1000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const results: FileResult[] = [];

function onFile(result: FileResult): void {
  results.push(result);
  const { file, end, tables, stop, differences, named, statements } = result;
  const left = Object.entries(named).map(([code, count]) => `, ${count} × ${code}`);
  const reason = end.reason === '' ? '' : ` (${end.reason})`;
  const what = `${file}  ${statements} statements, ${tables} tables${left.join('')}${reason}`;
  say(`${seconds().toFixed(0).padStart(6)} s  ${end.kind.padEnd(8)} ${what}`);
  if (stop !== null) say(`    STOP ${isByDesign(result) ? 'after RESET MASTER, as it must: ' : ''}${stop}`);
  for (const line of differences) say(`    DIFFERENCE ${line}`);
}

/** What is gone with the binlog cannot be read. */
function isByDesign({ stop, isReset }: FileResult): boolean {
  return isReset && stop?.startsWith('capture ended: SOURCE_') === true;
}

/** Stops by the code that they begin with. */
function kinds(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { stop } of results) {
    const kind = stop === null ? null : (/^(\S+ ended: \w+|waited)/.exec(stop)?.[0] ?? 'other');
    if (kind !== null) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

await using scope = new AsyncDisposableStack();
const suite = await suiteFolder(say);
const named = positionals.filter((name) => name.endsWith('.test'));
const folders = positionals.filter((name) => !name.endsWith('.test'));
const found = await testFiles(suite, positionals.length === 0 ? FOLDERS : folders);
const [every, from] = [Number(values.every), Number(values.from)];
const files = [...named, ...found.files.filter((_, index) => index % every === from % every)];
say(`${files.length} files; ${found.needRunner} of the folders are for the suite's own runner`);
const flags = {
  // Nothing of this server has to outlive a power cut.
  mariadb: [
    '--character-set-server=latin1',
    '--max-connections=200',
    '--innodb-flush-method=nosync',
    '--sync-frm=OFF',
    '--log-bin-trust-function-creators=ON',
    // Less than a file has: what waits in vain shall not take the rest of it.
    '--lock-wait-timeout=3',
    '--innodb-lock-wait-timeout=3',
  ],
  'target-mysql': [],
  redis: [],
};
const stack = await ownServers(scope, flags, ['kafka', 'elasticsearch']);
const sinks = SINK_NAMES.filter((sink) => values.sinks.split(',').includes(sink));
await torture({
  suite,
  files,
  stack,
  source: stack.mariadb,
  place: await runPlace(scope, suite, stack.mariadb),
  sinks,
  isOver: () => seconds() > Number(values.seconds),
  onFile,
  onLeft: (problems) => say(problems.map((problem) => `    LEFT ${problem}`).join('\n')),
});
const of = (kind: FileEnd['kind']): number => results.filter(({ end }) => end.kind === kind).length;
const statements = results.reduce((sum, result) => sum + result.statements, 0);
const byDesign = results.filter(isByDesign).length;
const stops = results.filter(({ stop }) => stop !== null).length - byDesign;
const unequal = results.filter(({ differences }) => differences.length > 0).length;
say(
  `${results.length} of ${files.length} files: ${of('whole')} whole, ${of('partial')} in part, ${of('skipped')} not meant for it, ${of('too long')} cut; ${statements} statements; ${stops} stops, ${byDesign} after RESET MASTER, ${unequal} with differences`,
);
for (const [kind, count] of Object.entries(kinds())) say(`  ${count} × ${kind}`);
if (values.report !== undefined) await writeFile(values.report, JSON.stringify(results, null, 2));
process.exitCode = stops + unequal > 0 ? 1 : 0;
