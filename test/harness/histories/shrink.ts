/**
 * The shortest list found that still fails: delta debugging (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing
 * input", 2002), by complements only.
 * @param fails says of each candidate whether it fails; it is given several at once
 * @param rounds how often `fails` may be asked
 */
export async function shrink<T>(
  steps: readonly T[],
  fails: (candidates: readonly (readonly T[])[]) => Promise<readonly boolean[]>,
  rounds: number,
): Promise<readonly T[]> {
  let shortest = steps;
  let parts = 2;
  for (let round = 0; round < rounds && shortest.length > 1; round++) {
    const candidates = complements(shortest, parts);
    const answers = await fails(candidates);
    const found = candidates.find((_, index) => answers[index] === true);
    if (found !== undefined) {
      shortest = found;
      parts = Math.max(parts - 1, 2);
    } else if (parts >= shortest.length) break;
    else parts = Math.min(parts * 2, shortest.length);
  }
  return shortest;
}

/** The list without its first part, without its second, and so on. */
function complements<T>(list: readonly T[], parts: number): (readonly T[])[] {
  const size = Math.ceil(list.length / parts);
  const starts = Array.from({ length: Math.ceil(list.length / size) }, (_, index) => index * size);
  return starts.map((start) => [...list.slice(0, start), ...list.slice(start + size)]);
}
