import { z } from 'zod';
import { decidedText, type Decision } from './conflict.ts';

const decisionSchema = z.object({
  database: z.string(),
  table: z.string(),
  key: z.record(z.string(), z.json()),
  present: z.record(z.string(), z.json()).nullable(),
  why: z.string(),
  decision: z.enum(['ours', 'theirs', 'skip']).nullable(),
});

/**
 * What a person has decided, from the conflicts that `reapply` has listed, a JSON document in each line. One without a decision is still
 * open. Throws RangeError with the number of the line that cannot be read.
 */
export function readDecisions(text: string): ReadonlyMap<string, Decision> {
  const decisions = new Map<string, Decision>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const decided = parse(line);
    if (decided === null)
      throw new RangeError(
        `line ${index + 1} is no conflict as reapply lists them, with ours, theirs, skip or null as its decision`,
      );
    const { decision: choice, why } = decided;
    if (choice !== null) decisions.set(decidedText(decided), { choice, why });
  }
  return decisions;
}

function parse(line: string): z.output<typeof decisionSchema> | null {
  try {
    return decisionSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
