/**
 * What runs before this commit where Sluice is run: the newest release before it (a tag `v…`); without releases the last commit of an earlier
 * day; on the first day the commit before.
 * @param git runs git with these arguments; throws when it fails
 */
export function previousRelease(git: (...args: readonly string[]) => string): string {
  try {
    return git('describe', '--tags', '--match', 'v*', '--abbrev=0', 'HEAD~1');
  } catch {
    const day = git('log', '-1', '--date=format:%Y-%m-%dT00:00:00%z', '--format=%cd', 'HEAD');
    return git('rev-list', '-1', `--before=${day}`, 'HEAD') || 'HEAD~1';
  }
}
