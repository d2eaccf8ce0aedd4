import { randomBytes } from 'node:crypto';
import { afterAll, onTestFinished } from 'vitest';

/** Whatever a test makes is registered in a scope when it is made, and closed in reverse order at the scope's end. */
export type Scope = AsyncDisposableStack;

/** Ends with the file, or with the `describe` it is opened in. */
export function fileScope(): Scope {
  const scope = new AsyncDisposableStack();
  afterAll(() => scope.disposeAsync());
  return scope;
}

/** Ends with the running test. */
export function testScope(): Scope {
  const scope = new AsyncDisposableStack();
  onTestFinished(() => scope.disposeAsync());
  return scope;
}

/** A name for a database, a pipeline, a topic prefix that no other test file and no other run uses. */
export function uniqueName(stem: string): string {
  return `${stem}_${randomBytes(5).toString('hex')}`;
}
