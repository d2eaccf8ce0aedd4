import { z } from 'zod';

/** Behind the prefix, Sluice's own topics begin with these. */
const RESERVED = new Set(['sluice', 'dlq']);
/** With a prefix of 100 and names of usual length it stays below Kafka's 249 characters. */
const TEMPLATE_LENGTH_MAX = 120;
const TEMPLATE =
  /^(?:[A-Za-z0-9_-]|\{database\}|\{table\})+(?:\.(?:[A-Za-z0-9_-]|\{database\}|\{table\})+)*(?:\.\{operation\})?$/u;

export const topicStrategy = z.enum(['table', 'database', 'operation']).default('table').meta({
  description:
    '`table`: a topic for each table, `<prefix>.<database>.<table>`. `database`: one for all tables of a database, `<prefix>.<database>`. `operation`: `<prefix>.<database>.<table>.<operation>`, for other readers than Sluice’s sinks, which refuse it.',
});

export const topicTemplate = z
  .string()
  .max(TEMPLATE_LENGTH_MAX)
  .regex(
    TEMPLATE,
    'takes letters, digits, `_`, `-`, `{database}` and `{table}`, in parts between dots, of which `{operation}` may be the last',
  )
  .refine((text) => namesOnce(text, '{database}') && namesOnce(text, '{table}'), {
    error: 'may name `{database}` and `{table}` once each',
  })
  .refine((text) => !RESERVED.has(text.split('.')[0] ?? ''), {
    error: 'must not begin with `sluice` or `dlq`: Sluice’s own topics do',
  })
  .optional()
  .meta({
    description:
      'Name of the topics of rows behind `<prefix>.`, instead of a strategy. With `.{operation}` at its end each operation has a topic of its own, for other readers than Sluice’s sinks, which refuse it.',
    example: '{database}.all',
  });

/** What the settings of topics must not be together. */
export function checkTopics(
  topics: {
    readonly strategy: z.output<typeof topicStrategy>;
    readonly template?: string | undefined;
    readonly tombstones: boolean;
    readonly replicationFactor: number;
    readonly minInsyncReplicas?: number | undefined;
  },
  context: z.RefinementCtx,
): void {
  const { strategy, template, tombstones, replicationFactor, minInsyncReplicas = 1 } = topics;
  const refuse = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (template !== undefined && strategy !== 'table')
    refuse('template', `takes the place of topics.strategy: leave out "${strategy}" there, or the template`);
  if (tombstones && splitsOperations({ strategy, template }))
    refuse('tombstones', 'would delete the delete itself where each operation has a topic of its own');
  if (minInsyncReplicas > replicationFactor)
    refuse(
      'minInsyncReplicas',
      `is more than topics.replicationFactor (${replicationFactor}): no record could ever count`,
    );
}

/** Whether the changes of a row go to several topics. */
function splitsOperations({
  strategy,
  template,
}: {
  readonly strategy: z.output<typeof topicStrategy>;
  readonly template?: string | undefined;
}): boolean {
  return strategy === 'operation' || template?.endsWith('.{operation}') === true;
}

function namesOnce(text: string, placeholder: string): boolean {
  return text.split(placeholder).length <= 2;
}
