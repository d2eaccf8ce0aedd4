import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { INFRA, prometheusTool } from '../../harness/prometheus/prometheus-tools.ts';

const files = (pattern: string): string[] => globSync(pattern, { cwd: INFRA }).sort();

test('promtool finds nothing wrong with the rules', async () => {
  const { ok, output } = await prometheusTool('promtool', [
    'check',
    'rules',
    ...files('prometheus/rules/*.yml'),
    'prometheus/services.yml',
  ]);
  expect(output).not.toMatch(/FAILED/);
  expect(ok).toBe(true);
});

test.each(files('prometheus/prometheus*.yml'))(
  'promtool finds nothing wrong with the scrape configuration %s',
  async (file) => {
    const { ok, output } = await prometheusTool('promtool', ['check', 'config', '--syntax-only', file]);
    expect(output).toMatch(/SUCCESS/);
    expect(ok).toBe(true);
  },
);

test.each(files('prometheus/tests/*.yml'))(
  'the alerts of %s fire and do not fire as they must',
  async (file) => {
    const { ok, output } = await prometheusTool('promtool', ['test', 'rules', file]);
    expect(output).not.toMatch(/FAILED/);
    expect(ok).toBe(true);
  },
);
