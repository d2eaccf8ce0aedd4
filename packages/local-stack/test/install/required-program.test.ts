import { expect, test } from 'vitest';
import { dyingWithParent } from '../../src/die-with-parent.ts';
import { requireProgram } from '../../src/install/required-program.ts';
import { findJava } from '../../src/servers/java.ts';

const nothing = { PATH: '/nonexistent' };

test('a missing program is named in one line, with what it is for and where to get it', () => {
  const require = (env: NodeJS.ProcessEnv) => requireProgram('sh', 'it runs scripts', 'dash', env);
  expect(() => require({ PATH: '/nonexistent:/bin' })).not.toThrow();
  expect(() => require(nothing)).toThrow(
    /^`sh` is not installed: it runs scripts \(on Debian: apt-get install dash\)$/,
  );
});

test('Java: none, and a JAVA_HOME without one', async () => {
  await expect(findJava(nothing)).rejects.toMatchObject({ code: 'STACK_TOOL_MISSING' });
  await expect(findJava({ ...nothing, JAVA_HOME: '/nonexistent' })).rejects.toThrow(/cannot be run/);
});

test('without setpriv a command stays as it is', () => {
  expect(dyingWithParent('server', ['--port=1'], nothing)).toEqual({ command: 'server', args: ['--port=1'] });
});
