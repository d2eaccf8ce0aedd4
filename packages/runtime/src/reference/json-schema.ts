import { z } from 'zod';
import { sluiceSchema } from '../config/schema.ts';

/** The part of JSON Schema that the settings use. */
export interface SettingSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly writeOnly?: boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: SettingSchema;
  readonly anyOf?: readonly SettingSchema[];
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SettingSchema;
  readonly [keyword: string]: unknown;
}

/** JSON Schema 2020-12 of `sluice.yaml`, for editors; `sinks` gives the section of each known type of sink. */
export function configJsonSchema(sinks: Readonly<Record<string, z.ZodType>>): SettingSchema {
  const root = toSetting(sluiceSchema);
  const sections = Object.entries(sinks).map(
    ([name, schema]) => [name, withoutDialect(toSetting(schema))] as const,
  );
  const { sinks: base, ...rest } = root.properties ?? {};
  const ofSinks = {
    ...base,
    properties: Object.fromEntries(sections),
    additionalProperties: { type: 'object', allOf: sections.map(([type]) => sectionOfType(type)) },
  };
  return { ...root, properties: { ...rest, sinks: ofSinks } };
}

/** A section with another name says by `type` what it is of. */
function sectionOfType(type: string): SettingSchema {
  const isOfType = { properties: { type: { const: type } }, required: ['type'] };
  return { anyOf: [{ not: isOfType }, { $ref: `#/properties/sinks/properties/${type}` }] };
}

function toSetting(schema: z.ZodType): SettingSchema {
  const json = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ jsonSchema }) => {
      // Our two marks in the words of JSON Schema.
      const { secret, example, ...standard } = jsonSchema;
      for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
      Object.assign(
        jsonSchema,
        standard,
        secret === true ? { writeOnly: true } : {},
        example === undefined ? {} : { examples: [example] },
      );
    },
  });
  return { ...json } as SettingSchema;
}

function withoutDialect({ $schema: _dialect, ...schema }: SettingSchema): SettingSchema {
  return schema;
}
