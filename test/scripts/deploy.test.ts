import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'deploy.sh');
const folder = mkdtempSync(join(tmpdir(), 'sluice-deploy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const calls = join(folder, 'calls');
beforeEach(() => writeFileSync(calls, ''));

/** In the place of docker: notes what it is called with, and says it as if a container had. */
writeFileSync(
  join(folder, 'docker'),
  `#!/bin/sh
printf '%s\\n' "$*" | tr -s ' \\n\\\\' ' ' >> '${calls}'
echo >> '${calls}'
case "$*" in *"sluice backup"*) echo "state" ;; esac
case "$*" in *"ps --services"*) printf '%s\\n' \${RUNNING:-} ;; esac
case "$*" in *mysqldump*) echo "-- dump"; exit "\${DUMP_ENDS:-0}" ;; esac
`,
);
chmodSync(join(folder, 'docker'), 0o755);

const LOOK = 'compose --profile * ps --services --status running';
/** Those of the pipeline, with both profiles; and one that is none of its services. */
const RUNNING = 'kafka capture capture-standby sink-redis auditor';
const OURS = 'capture capture-standby sink-redis auditor';

function deploy(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = '' } = process.env;
  const end = spawnSync(SCRIPT, args, {
    env: { PATH: `${folder}${delimiter}${PATH}`, ...env },
    encoding: 'utf8',
  });
  const lines = readFileSync(calls, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return { code: end.status, output: end.stdout, said: end.stderr, lines };
}

const SERVICES = 'capture sink-redis sink-elasticsearch sink-mysql';

test.each([
  [['start'], ['compose up --build --wait']],
  [['stop'], ['compose stop']],
  [['restart'], [LOOK, `compose restart ${OURS}`]],
  [['restart', 'capture'], ['compose restart capture']],
  [['status'], ['compose ps', 'compose run --rm -T cli status']],
  [['logs'], [LOOK, `compose logs --tail 100 ${OURS}`]],
  [['logs', 'capture', 'true'], ['compose logs --tail 100 --follow capture']],
])('deploy.sh %j calls docker by %j', (args, lines) => {
  expect(deploy(args, { RUNNING })).toMatchObject({ code: 0, lines });
});

test('a backup has the state, both dumps and the configuration, and one that fails leaves no dump', () => {
  const [good, bad] = [join(folder, 'good'), join(folder, 'bad')];
  expect(deploy(['backup', good])).toMatchObject({ code: 0, output: `${good}\n` });
  for (const file of ['state.tar', 'source.sql', 'target.sql', 'sluice.yaml', 'docker-compose.yml'])
    expect(existsSync(join(good, file))).toBe(true);
  expect(readFileSync(join(good, 'source.sql'), 'utf8')).toBe('-- dump\n');
  expect(deploy(['backup', bad], { DUMP_ENDS: '1' }).code).not.toBe(0);
  expect(existsSync(join(bad, 'source.sql'))).toBe(false);

  writeFileSync(calls, '');
  const { code, lines } = deploy(['restore', good], { RUNNING: `${RUNNING} sink-archive` });
  // A standby would take over, the auditor compare what is half done, and a sink of one's own read on.
  const those = `${SERVICES} capture-standby auditor sink-archive`;
  expect([code, lines.length, lines.at(0), lines.at(1), lines.at(-1)]).toEqual([
    0,
    6,
    LOOK,
    `compose stop ${those}`,
    `compose up --wait ${those}`,
  ]);
  expect(lines.at(4)).toContain('sluice restore --from /tmp/state --apply');
});

test('a folder without dumps, and what is no command, are refused before anything is done', () => {
  expect(deploy(['restore', folder])).toMatchObject({ code: 2, lines: [] });
  expect(deploy(['restore'])).toMatchObject({ code: 2, lines: [] });
  expect(deploy([])).toMatchObject({ code: 2, lines: [], said: expect.stringContaining('usage') as unknown });
  expect(deploy(['destroy'])).toMatchObject({ code: 2, lines: [] });
});
