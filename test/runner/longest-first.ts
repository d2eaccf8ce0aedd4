import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or so, the longest first: one that began last would run alone in the end. */
export const LONGEST: readonly string[] = [
  'test/e2e/random-ddl.e2e.test.ts',
  'test/e2e/start-command.e2e.test.ts',
  'test/e2e/least-rights.e2e.test.ts',
  'test/e2e/pipeline.e2e.test.ts',
  'test/e2e/repair.e2e.test.ts',
  'test/e2e/ddl-sinks.e2e.test.ts',
  'test/e2e/readme.e2e.test.ts',
  'test/e2e/capture-killed.e2e.test.ts',
];

/** Vitest knows how long files took only where they have run before; a fresh checkout would begin with the largest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const known = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return known === -1 ? LONGEST.length : known;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
