import { z } from 'zod';

/** A glob over `database.table`. */
export const tablePattern = z
  .string()
  .regex(/^[^.\s]+\.[^.\s]+$/, 'must be `database.table`, where `*` and `?` are wildcards');

const MAX_NAME = 64;

const columnSchema = z
  .strictObject({
    exclude: z.boolean().default(false).meta({ description: 'Leave the column out.' }),
    mask: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .meta({ description: 'Publish this text instead of every value; NULL stays NULL.', example: '***' }),
    hash: z.boolean().default(false).meta({
      description:
        'Publish the HMAC-SHA256 of the value as 64 hexadecimal digits, with a key of this column alone that is derived from `capture.hashKeyFile`; NULL stays NULL.',
    }),
    hashLink: z.string().min(1).max(MAX_NAME).optional().meta({
      description:
        'Columns with `hash` and the same name here have one key, so that equal values can be joined; default: none is joined to another.',
      example: 'email',
    }),
    truncate: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .meta({ description: 'Publish at most so many characters of a text.' }),
    rename: z
      .string()
      .min(1)
      .max(MAX_NAME)
      .optional()
      .meta({ description: 'Publish the column under this name.' }),
  })
  .superRefine(({ exclude, mask, hash, hashLink, truncate, rename }, context) => {
    if (hashLink !== undefined && !hash)
      context.addIssue({ code: 'custom', message: '`hashLink` needs `hash: true`' });
    const hidden = [exclude, mask !== undefined, hash, truncate !== undefined].filter(Boolean);
    if (hidden.length > 1)
      context.addIssue({
        code: 'custom',
        message: 'give only one of `exclude`, `mask`, `hash`, `truncate`',
      });
    if (exclude && rename !== undefined)
      context.addIssue({ code: 'custom', message: 'a column with `exclude` has no name: drop `rename`' });
  })
  .meta({ description: 'What becomes of one column; `{}` publishes it as it is.' });

const tableSchema = z
  .strictObject({
    operations: z
      .array(z.enum(['insert', 'update', 'delete', 'truncate']))
      .min(1)
      .optional()
      .meta({
        description:
          'Changes of the source that are published; what is left out does not happen in any sink. Default: all.',
      }),
    partitionBy: z
      .array(z.string().min(1).max(MAX_NAME))
      .min(1)
      .optional()
      .meta({
        description:
          'Columns of the key by whose values rows are spread over the partitions, so that all rows with equal ones are in one, in the order of their commits. Default: the whole key. It is for the lifetime of the topic: another one is refused.',
        example: ['customer_id'],
      }),
    where: z.string().min(1).max(10_000).optional().meta({
      description:
        'Condition on the values of a row: `=`, `!=`, `<`, `<=`, `>`, `>=`, `[NOT] BETWEEN`, `[NOT] IN (…)`, `IS [NOT] NULL`, `AND`, `OR`, `NOT`, parentheses. Rows that it is not true for are not published; an update that leaves it is a DELETE, one that enters it an INSERT.',
      example: "country = 'DE' AND deleted_at IS NULL",
    }),
    columns: z
      .record(z.string().min(1).max(MAX_NAME), columnSchema)
      .default({})
      .meta({ description: 'Columns that are not published as they are, by their names in the source.' }),
  })
  .meta({ description: 'How the rows of these tables are published.' });

/** The section `tables`: shape and filters, by glob. */
export const tablesSchema = z.record(tablePattern, tableSchema).default({}).meta({
  description:
    'What of a table is published, by `database.table` with `*` and `?` as wildcards. A table takes the settings of every pattern that fits it; the same setting twice is refused.',
});
