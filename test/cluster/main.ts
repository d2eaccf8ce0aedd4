import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHART, loadHelm } from '@sluice/tools/kubernetes';
import { stringify } from 'yaml';
import { apply, kubectl, tryKubectl } from './kubectl.ts';
import { Pipeline } from './pipeline.ts';
import { podsOf, until } from './pods.ts';
import { secretsOfRun } from './secrets.ts';

/**
 * `npm run test:cluster [-- --keep]`: the chart on the cluster that KUBECONFIG names, with servers of its own, in two namespaces that it makes and
 * removes: traffic, a killed pod of each kind, a changed setting, a sink that grows, the command, everything compared. About ten minutes.
 * The images sluice-capture, sluice-sink-redis, sluice-sink-mysql, sluice-cli and sluice-demo must be there with the tag `try`
 * (infra/kubernetes/README.md). Ends with 0 when all of it was as it must be.
 */

const ROOT = join(import.meta.dirname, '../..');
const TRY = join(ROOT, 'infra/kubernetes/try');
const VALUES = join(ROOT, 'infra/kubernetes/values/try.yaml');
const SERVERS = 'sluice-try-servers';
const SLUICE = 'sluice-try';
const SERVER_NAMES = ['kafka', 'mysql', 'mysql-target', 'redis'];
const DEPLOYMENTS = ['capture', 'sink-redis', 'sink-mysql', 'cli'];

const pipeline = new Pipeline(SLUICE);
const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });

/** The namespaces are not this run's. */
class LeftOver extends Error {}

async function step(what: string, work: () => Promise<string | void>): Promise<void> {
  const begun = performance.now();
  const found = await work();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`${seconds.padStart(6)} s  ${what}${found ? `: ${found}` : ''}\n`);
}

async function install(change: object = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  try {
    const file = join(folder, 'change.yaml');
    writeFileSync(file, stringify(change));
    const helm = await loadHelm(join(ROOT, CHART));
    await apply(helm({ values: [VALUES, file], release: 'sluice', namespace: SLUICE }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bringUp(): Promise<void> {
  for (const name of [SLUICE, SERVERS])
    if ((await tryKubectl(['get', 'namespace', name])).code === 0)
      throw new LeftOver(`the namespace ${name} is there: kubectl delete namespace ${name}`);
  await step('namespaces, one of them restricted', async () => {
    await apply([namespace(SERVERS, 'privileged'), namespace(SLUICE, 'restricted')]);
    await apply(secretsOfRun(SERVERS, SLUICE));
  });
  await step('a pod that wants more than `restricted` allows is refused there', async () => {
    const args = ['-n', SLUICE, 'run', 'wide', '--image=redis:8', '--privileged', '--dry-run=server'];
    const { code, stderr } = await tryKubectl(args);
    if (code === 0 || !stderr.includes('PodSecurity')) throw new Error(`it was not: ${stderr}`);
  });
  await step('Kafka, MySQL twice, Redis', async () => {
    await kubectl(['-n', SERVERS, 'apply', '--validate=strict', '-f', join(TRY, 'servers.yaml')]);
    for (const name of SERVER_NAMES)
      await kubectl(
        ['-n', SERVERS, 'rollout', 'status', `statefulset/${name}`, '--timeout=280s'],
        '',
        290_000,
      );
  });
  await step('the sample shop, and its traffic', async () => {
    await kubectl(['-n', SERVERS, 'apply', '--validate=strict', '-f', join(TRY, 'shop.yaml')]);
    const logs = ['-n', SERVERS, 'logs', 'pod/shop'];
    const filled = await until(
      'the shop to be filled',
      300,
      async () => /^\d+ rows written.*$/m.exec(await kubectl(logs))?.[0] ?? null,
    );
    return filled;
  });
  await step('the pipeline is installed, and well', async () => {
    await install();
    for (const name of DEPLOYMENTS) await pipeline.rolledOut(`deployment/sluice-${name}`);
    await until('sluice status finds nothing wrong', 300, () => pipeline.isWell());
  });
}

async function disturb(): Promise<void> {
  await step('the capture that streams is killed, and the standby streams', async () => {
    const before = await until('a leader and a standby', 240, () => pipeline.leader());
    await kubectl(['-n', SLUICE, 'delete', 'pod', before, '--grace-period=0', '--force']);
    const after = await until('another leader and a standby', 240, async () => {
      const leader = await pipeline.leader();
      return leader === before ? null : leader;
    });
    return `${before}, then ${after}`;
  });
  for (const sink of ['sink-redis', 'sink-mysql'])
    await step(`${sink} is killed, and comes again`, async () => {
      const before = await podsOf(SLUICE, sink);
      const [pod] = before;
      if (pod === undefined) throw new Error('there is none');
      await kubectl(['-n', SLUICE, 'delete', 'pod', pod.name, '--grace-period=0', '--force']);
      await until('as many as before, ready', 240, async () => {
        const others = (await podsOf(SLUICE, sink)).filter(({ name }) => name !== pod.name);
        return others.filter(({ isReady }) => isReady).length >= before.length ? true : null;
      });
      return `${pod.name} of ${before.length}`;
    });
}

async function reconfigure(): Promise<void> {
  await step('a changed setting replaces every pod, one after the other', async () => {
    const names = async (): Promise<readonly string[]> =>
      (await Promise.all(['capture', 'sink-redis', 'sink-mysql'].map((part) => podsOf(SLUICE, part))))
        .flat()
        .map(({ name }) => name);
    const before = await names();
    await install({ config: { capture: { flushRows: 5000 } } });
    for (const name of DEPLOYMENTS) await pipeline.rolledOut(`deployment/sluice-${name}`);
    await until('none of the old pods', 120, async () =>
      (await names()).some((name) => before.includes(name)) ? null : true,
    );
    await until('sluice status finds nothing wrong', 300, () => pipeline.isWell());
    const log = await kubectl(['-n', SLUICE, 'logs', 'deploy/sluice-capture', '--tail=-1']);
    if (!log.includes('"flushRows":5000')) throw new Error('capture does not have the new setting');
    return `${before.length} pods`;
  });
  await step('a setting that does not work stops the rollout, and the old pods continue', async () => {
    await install({ config: { capture: { flushRows: 5000 }, source: { host: 'nowhere.invalid' } } });
    const args = ['-n', SLUICE, 'rollout', 'status', 'deployment/sluice-capture', '--timeout=40s'];
    if ((await tryKubectl(args)).code === 0) throw new Error('it was rolled out');
    const leader = await until('a leader and a standby', 60, () => pipeline.leader());
    await install({ config: { capture: { flushRows: 5000 } } });
    for (const name of DEPLOYMENTS) await pipeline.rolledOut(`deployment/sluice-${name}`);
    return `${leader} streamed on`;
  });
}

async function grow(): Promise<void> {
  const { code } = await tryKubectl(['top', 'pods', '-n', SLUICE]);
  if (code !== 0) {
    process.stdout.write('  NOT TRIED  a sink that grows: this cluster has no metrics server\n');
    return;
  }
  await step('the autoscaler starts more processes of sink-redis', async () => {
    const pods = await until('two of them, ready', 300, async () => {
      const ready = (await podsOf(SLUICE, 'sink-redis')).filter(({ isReady }) => isReady);
      return ready.length > 1 ? ready.length : null;
    });
    return `${pods} processes`;
  });
}

async function prove(): Promise<void> {
  await step('the traffic ends', async () => {
    const told = await kubectl(['-n', SERVERS, 'logs', 'pod/shop', '--tail=1']);
    await kubectl(['-n', SERVERS, 'delete', 'pod', 'shop', '--wait=true']);
    return told.trim();
  });
  await step('sluice compare: every row of every sink is that of the source', async () => {
    const { code, stdout, stderr } = await pipeline.sluice('compare');
    if (code !== 0) throw new Error(`it ended with ${code}\n${stdout}\n${stderr}`);
    return stderr.trim().split('\n').at(-1) ?? '';
  });
  await step('sluice doctor as a Job', async () => {
    await kubectl(['-n', SLUICE, 'create', 'job', 'doctor', '--from=cronjob/sluice-doctor']);
    const log = await until('its last line', 300, async () => {
      const { stdout } = await tryKubectl(['-n', SLUICE, 'logs', 'job/doctor']);
      return /nothing is wrong|findings? to look at/.test(stdout) ? stdout : null;
    });
    const wrong = log.split('\n').filter((line) => /\b(problem|unknown)\b/.test(line));
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  });
}

function namespace(name: string, level: string): object {
  const labels = { 'pod-security.kubernetes.io/enforce': level };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

async function tearDown(): Promise<void> {
  await kubectl(['delete', 'namespace', SLUICE, SERVERS, '--ignore-not-found', '--timeout=180s']);
}

async function showWhy(): Promise<void> {
  for (const args of [
    ['-n', SERVERS, 'get', 'pods'],
    ['-n', SLUICE, 'get', 'pods,hpa'],
    ['-n', SLUICE, 'get', 'events', '--sort-by=.lastTimestamp'],
  ])
    process.stderr.write((await tryKubectl(args)).stdout);
  const { stdout, stderr } = await pipeline.sluice('status');
  process.stderr.write(`${stdout}${stderr}`);
}

let isOurs = true;
const begun = performance.now();
try {
  for (const part of [bringUp, disturb, reconfigure, grow, prove]) await part();
  process.stdout.write(`all of it in ${((performance.now() - begun) / 60_000).toFixed(1)} min\n`);
} catch (error) {
  process.stderr.write(`FAILED ${(error as Error).message}\n`);
  isOurs = !(error instanceof LeftOver);
  if (isOurs) await showWhy();
  process.exitCode = 1;
} finally {
  if (isOurs && !options.keep) await step('everything is removed', tearDown);
}
