import type { SinkPreview } from './plan-text.ts';

/** A warning for each place of a sink that more than one table would go to: the first to come has it, and the sink refuses the others. */
export function sharedTargets(previews: readonly SinkPreview[]): readonly string[] {
  const placed = previews.filter(({ target }) => target !== 'refused');
  const places = Map.groupBy(placed, ({ sink, target }) => `${sink} ${target}`);
  return [...places.values()].flatMap((shared) => {
    const [first] = shared;
    if (first === undefined || shared.length === 1) return [];
    const names = shared.map(({ table }) => table).join(', ');
    return [`sink ${first.sink} would put ${names} into one place, ${first.target}: it takes one of them`];
  });
}
