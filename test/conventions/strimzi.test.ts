import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseConfig } from '@sluice/runtime';
import { manifestsOf, type Manifest } from '@sluice/tools/manifest';
import { expect, test } from 'vitest';
import { readText, repositoryRoot } from './workspaces.ts';

const FOLDER = 'infra/kubernetes/examples/strimzi';
const USERS = readText(`${FOLDER}/kafka-users.yaml`);
const topics = manifestsOf(readText(`${FOLDER}/kafka-topics.yaml`));

interface Rule {
  readonly resource: { readonly type: string; readonly name: string; readonly patternType: string };
  readonly operations: readonly string[];
}

/** Strimzi's words for those of kafka-acls.sh. */
const TYPES: Readonly<Record<string, string>> = {
  topic: 'topic',
  group: 'group',
  'transactional-id': 'transactionalId',
};
const PATTERNS: Readonly<Record<string, string>> = { prefixed: 'prefix', literal: 'literal' };

/** What infra/kafka/acls.sh would add, by principal. @param rebuilt sinks that the command may rebuild @param drills `yes`: it may restore beside the pipeline */
function rulesOfScript(rebuilt: string, drills = 'no'): ReadonlyMap<string, readonly Rule[]> {
  const script = join(repositoryRoot, 'infra/kafka/acls.sh');
  const lines = execFileSync('sh', [script], {
    encoding: 'utf8',
    env: { ...process.env, KAFKA_ACLS: 'echo', SLUICE_REBUILT: rebuilt, SLUICE_DRILLS: drills },
  });
  const found = new Map<string, Rule[]>();
  for (const line of lines.trim().split('\n')) {
    const user = /User:(\S+)/.exec(line)?.[1] ?? '';
    const [, type = '', name = '', pattern = ''] =
      /--(topic|group|transactional-id) (\S+) --resource-pattern-type (\S+)/.exec(line) ?? [];
    const operations = [...line.matchAll(/--operation (\S+)/g)].map(([, operation = '']) => operation);
    const resource = { type: TYPES[type] ?? '', name, patternType: PATTERNS[pattern] ?? '' };
    found.set(user, [...(found.get(user) ?? []), { resource, operations }]);
  }
  return found;
}

function rulesOfUsers(text: string): ReadonlyMap<string, unknown> {
  const rules = (user: Manifest): unknown =>
    (user['spec'] as unknown as { authorization: { acls: unknown } }).authorization.acls;
  return new Map(manifestsOf(text).map((user) => [user.metadata.name, rules(user)]));
}

test('the users of Strimzi may do what the script for other clusters lets them', () => {
  const expected = rulesOfScript('');
  expect(expected.size).toBe(5);
  expect(rulesOfUsers(USERS)).toEqual(expected);
  const withAll = USERS.replaceAll(/^( *)# (?=- resource| {2}operations)/gmu, '$1');
  expect(rulesOfUsers(withAll)).toEqual(rulesOfScript('elasticsearch mysql', 'yes'));
});

test('a topic of Strimzi has the settings that capture looks for', () => {
  const text = readText('infra/kubernetes/overlays/production/sluice.yaml');
  const { topics: asked } = parseConfig(text.replaceAll(/\$\{file:[^}]+\}/g, 'x'), {}, 'sluice.yaml');
  expect(topics).toHaveLength(1);
  expect(topics[0]?.['spec']).toMatchObject({
    partitions: asked.partitions,
    replicas: asked.replicationFactor,
    config: {
      'cleanup.policy': asked.cleanupPolicy,
      'retention.ms': asked.retentionMs,
      'max.message.bytes': asked.maxMessageBytes,
      'min.insync.replicas': asked.minInsyncReplicas,
    },
  });
});
