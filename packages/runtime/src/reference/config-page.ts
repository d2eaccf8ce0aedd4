import { environmentVariable } from '../config/environment.ts';
import type { SettingSchema } from './json-schema.ts';

const INTRODUCTION = `# Configuration

One file, \`sluice.yaml\`, is read by every service of a pipeline: from \`--config FILE\`, else \`SLUICE_CONFIG\`, else the
working directory. An unknown setting is an error; every problem is listed at once.

- Inside a text, \`\${NAME}\` and \`\${NAME:-default}\` stand for an environment variable and \`\${file:/path}\` for the content
  of a file; \`$\${\` is a literal \`\${\`. A secret may be a whole \`\${command:PROGRAM ARGUMENTS}\`: what it prints ([your-servers.md](your-servers.md#3-the-file)).
- The variable beside a setting overrides it; a list is written with commas. A \`SLUICE__…\` variable that names no setting
  is an error.
- Secrets are never written to a log.

The same as JSON Schema, for editors: [sluice.schema.json](sluice.schema.json).
`;

interface Setting {
  readonly path: readonly string[];
  readonly schema: SettingSchema;
  readonly required: boolean;
}

/** The reference page of all settings, from the JSON Schema of \`configJsonSchema\`. */
export function configPage(root: SettingSchema): string {
  const { sinks, ...sections } = root.properties ?? {};
  const own = Object.entries(sections).map(([name, schema]) =>
    section(`\`${name}\``, [name], schema, root.required?.includes(name) ?? false),
  );
  const ofSinks = Object.entries(sinks?.properties ?? {}).map(([name, schema]) =>
    section(`\`sinks.${name}\``, ['sinks', name], schema, false),
  );
  return [INTRODUCTION, ...own, ...ofSinks].join('\n');
}

function section(title: string, path: readonly string[], schema: SettingSchema, required: boolean): string {
  const settings = flatten({ path, schema, required });
  const about = schema.properties === undefined ? '' : `${schema.description ?? ''}\n\n`;
  const rows = settings.map((setting) => row(setting));
  return `## ${title}\n\n${about}| Setting | Type | Default | Meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** Sections become the settings in them; an optional section keeps a line of its own. */
function flatten(setting: Setting): readonly Setting[] {
  const { path, schema } = setting;
  const entry = entrySchema(schema);
  if (entry?.properties !== undefined)
    return [setting, ...flatten({ path: [...path, ANY_NAME], schema: entry, required: false })];
  const properties = propertiesOf(schema);
  if (properties === undefined) return [setting];
  return Object.entries(properties).flatMap(([name, inner]) => {
    const child = {
      path: [...path, name],
      schema: inner,
      required: schema.required?.includes(name) ?? false,
    };
    const optionalSection =
      propertiesOf(inner) !== undefined && inner.default === undefined && !child.required;
    return optionalSection ? [child, ...flatten(child)] : flatten(child);
  });
}

/** Of a section, or of a choice with one section. */
function propertiesOf(schema: SettingSchema): SettingSchema['properties'] {
  if (schema.properties !== undefined) return schema.properties;
  const [section, ...more] = (schema.anyOf ?? []).filter(({ properties }) => properties !== undefined);
  return more.length === 0 ? section?.properties : undefined;
}

/** Stands for whatever a person calls an entry. */
const ANY_NAME = '<name>';

/** What an entry of a section of names looks like. */
function entrySchema({ additionalProperties }: SettingSchema): SettingSchema | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function row({ path, schema, required }: Setting): string {
  const meaning = [schema.description ?? '', schema.writeOnly === true ? 'Secret.' : '', example(schema)];
  const cells = [
    `\`${path.join('.')}\`${schema.type === 'object' || path.includes(ANY_NAME) ? '' : `<br>\`${environmentVariable(path)}\``}`,
    typeText(schema),
    required ? 'required' : code(schema.default),
    meaning.filter((text) => text !== '').join(' '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function example(schema: SettingSchema): string {
  const [first] = schema.examples ?? [];
  return first === undefined ? '' : `Example: ${code(first)}.`;
}

function code(value: unknown): string {
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

function typeText(schema: SettingSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return code(schema.const).replaceAll('"', '');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(' or ');
  if (schema.properties !== undefined) return 'section';
  switch (schema.type) {
    case 'integer':
      return `whole number${range(schema)}`;
    case 'number':
      return `number${range(schema)}`;
    case 'array':
      return `list of ${schema.items === undefined ? 'values' : typeText(schema.items)}`;
    case 'object':
      return 'section of names';
    case 'boolean':
      return '`true`, `false`';
    default:
      return 'text';
  }
}

function range({ minimum, maximum }: SettingSchema): string {
  const bounded = (value: number | undefined): value is number =>
    value !== undefined && Number.isSafeInteger(value);
  const isSafe = maximum === undefined || Math.abs(maximum) < Number.MAX_SAFE_INTEGER;
  if (!bounded(minimum)) return '';
  return bounded(maximum) && isSafe ? `, ${minimum}–${maximum}` : `, from ${minimum}`;
}
