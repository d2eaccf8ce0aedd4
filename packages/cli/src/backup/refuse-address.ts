import { CommandFailed } from '../operator/command-failed.ts';

const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//iu;

/**
 * Throws CommandFailed for `s3://…`: a folder of that name would be made here, or looked for, and nobody would find the backup where it was sent.
 */
export function refuseAddress(option: 'to' | 'from', path: string): void {
  if (!ADDRESS.test(path)) return;
  const verb = option === 'to' ? 'there' : 'from there';
  throw new CommandFailed(
    `--${option}: ${path} is no folder: name one, and copy it ${verb} by the tool of that store (docs/disaster-recovery.md, "A backup in an object store")`,
  );
}
