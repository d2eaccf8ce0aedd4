const UNRELEASED = '## [Unreleased]';

/** Why the text has no section that a release could be made of. */
export class ChangelogProblem extends Error {}

/**
 * What changes with a version, without its heading. Throws ChangelogProblem when there is no section of it, with a date and a change, or when
 * changes stand under "Unreleased" that would be in the release and not in its notes.
 */
export function releaseNotes(text: string, version: string): string {
  const heading = headingsOf(text).find(({ line }) => line.startsWith(`## [${version}]`));
  if (heading === undefined) throw new ChangelogProblem(`CHANGELOG.md has no section ## [${version}]`);
  if (!/^## \[[^\]]+\] - \d{4}-\d{2}-\d{2}$/.test(heading.line))
    throw new ChangelogProblem(`CHANGELOG.md: "${heading.line}" must be ## [${version}] - YYYY-MM-DD`);
  if (!hasChange(heading.body)) throw new ChangelogProblem(`CHANGELOG.md: ## [${version}] tells no change`);
  const left = headingsOf(text).find(({ line }) => line === UNRELEASED);
  if (left !== undefined && hasChange(left.body))
    throw new ChangelogProblem(
      `CHANGELOG.md: changes stand under ${UNRELEASED}; move them to ## [${version}]`,
    );
  return `${heading.body.trim()}\n`;
}

/**
 * The text with what was unreleased under the heading of a version, and an empty section for what comes. Throws ChangelogProblem when there is
 * nothing unreleased, or the version is there already.
 * @param date YYYY-MM-DD
 */
export function withRelease(text: string, version: string, date: string): string {
  const all = headingsOf(text);
  if (all.some(({ line }) => line.startsWith(`## [${version}]`)))
    throw new ChangelogProblem(`CHANGELOG.md has a section ## [${version}] already`);
  const unreleased = all.find(({ line }) => line === UNRELEASED);
  if (unreleased === undefined || !hasChange(unreleased.body))
    throw new ChangelogProblem(`CHANGELOG.md tells no change under ${UNRELEASED}`);
  return text.replace(UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${date}`);
}

const hasChange = (body: string): boolean => /^- /m.test(body);

/** Sections of the second level, with what stands below each. */
function headingsOf(text: string): readonly { readonly line: string; readonly body: string }[] {
  return text
    .split(/^(?=## )/m)
    .filter((part) => part.startsWith('## '))
    .map((part) => {
      const end = part.indexOf('\n');
      return { line: part.slice(0, end).trimEnd(), body: part.slice(end + 1) };
    });
}
