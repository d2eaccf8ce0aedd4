import { expect, test } from 'vitest';
import { interpolate } from '../../src/config/interpolate.ts';
import type { ConfigProblem } from '../../src/config/problems.ts';
import type { PathPart } from '../../src/config/shape.ts';

test('what is not set where nobody uses it is no problem', () => {
  const problems: ConfigProblem[] = [];
  const isUnused = ([section]: readonly PathPart[]): boolean => section === 'source';
  const tree = { source: { password: '${NOT_THERE}' }, kafka: { password: '${NOT_THERE}' } };
  const into = { env: {}, problems, origins: new Map<string, string>(), isUnused };
  expect(interpolate(tree, into)).toEqual({
    source: { password: 'not-set' },
    kafka: { password: '${NOT_THERE}' },
  });
  expect(problems.map(({ path }) => path)).toEqual(['kafka.password']);
});
