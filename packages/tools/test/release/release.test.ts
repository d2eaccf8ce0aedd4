import { expect, test } from 'vitest';
import { releaseNotes, withRelease } from '../../src/release/changelog.ts';
import { isVersion } from '../../src/release/versions.ts';

const BEFORE = `# Changelog

## [Unreleased]

### Added

- A thing.

## [0.1.0] - 2026-01-02

- The first.
`;

test('what was unreleased gets the version and the date, and is the notes', () => {
  const after = withRelease(BEFORE, '0.2.0', '2026-11-29');
  expect(after).toContain('## [Unreleased]\n\n## [0.2.0] - 2026-11-29\n\n### Added\n\n- A thing.');
  expect(releaseNotes(after, '0.2.0')).toBe('### Added\n\n- A thing.\n');
  expect(releaseNotes(after, '0.1.0')).toBe('- The first.\n');
});

test.each([
  ['no section', BEFORE, 'has no section'],
  ['no date', BEFORE.replace('[Unreleased]', '[0.2.0]'), 'must be ## [0.2.0] - YYYY-MM-DD'],
  ['no change', BEFORE.replace('## [0.1.0]', '## [0.2.0] - 2026-11-29\n\n## [0.1.0]'), 'tells no change'],
  ['changes left', `${BEFORE}\n## [0.2.0] - 2026-11-29\n\n- B.\n`, 'changes stand under'],
])('a changelog with %s is no changelog of a release', (_, text, why) => {
  expect(() => releaseNotes(text, '0.2.0')).toThrow(why);
});

test('nothing is released twice, and nothing without a change', () => {
  expect(() => withRelease(BEFORE, '0.1.0', '2026-11-29')).toThrow('already');
  expect(() => withRelease(BEFORE.replace('- A thing.', ''), '0.2.0', '2026-11-29')).toThrow('no change');
});

test.each(['1.2.3', '0.10.0', '1.0.0-rc.1'])('%s is a version', (text) => expect(isVersion(text)).toBe(true));
test.each(['1.2', 'v1.2.3', '01.2.3', '1.2.3+build', '1.2.3-', '1.2.3 ', '../1.2.3'])('%j is none', (text) =>
  expect(isVersion(text)).toBe(false),
);
