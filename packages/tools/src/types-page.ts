/** What a run of the conformance table has found on one server, as it is kept in the repository. */
export interface TypeResults {
  readonly server: string;
  readonly version: string;
  /** Kafka and the stores of that run, in words. */
  readonly others?: string;
  /** Of the code that ran. */
  readonly commit?: string;
  readonly tables: readonly TypeResult[];
}

export interface TypeResult {
  readonly family: string;
  readonly title: string;
  readonly examples: readonly (readonly [sql: string, json: string])[];
  /** What is not exact, in words, by the phase of the topic or the sink. Empty when all is. */
  readonly differences: Readonly<Record<string, string>>;
}

const SINKS = { redis: 'Redis', elasticsearch: 'Elasticsearch', mysql: 'target MySQL' } as const;
const EXACT = '✓';
const NOT_THERE = '–';
const LONGEST_TITLE = 110;

/** `docs/types.md`: every column type, what becomes of it, and where that was seen. */
export function typesPage(servers: readonly TypeResults[]): string {
  const notes = new Notes();
  const families = [...new Set(servers.flatMap(({ tables }) => tables.map(({ family }) => family)))];
  const sections = families.map((family) => familySection(family, servers, notes));
  return `${[introduction(servers), ...sections, notes.section()].join('\n\n')}\n`;
}

function introduction(servers: readonly TypeResults[]): string {
  const versions = servers.map(({ server, version }) => `${server} (${version})`).join(', ');
  const runs = servers.map(({ server, others, commit }) =>
    commit === undefined || others === undefined ? [] : `${server}: commit \`${commit}\`, ${others}`,
  );
  const seenWith = runs.flat().join('; ');
  return `<!-- Generated from the results of \`npm run test:values\` by \`npm run generate\`. -->

# Column types

SQL in, JSON out. Every line was run through the whole pipeline from ${versions}: the values were there before capture began
(snapshot), inserted, updated (before and after), deleted, and where the type can be in a key, given as a new key. **${EXACT}** under
a server: the JSON on the topic was the same, byte for byte, in all of these, and the one shown here where it is shown. **${EXACT}** under a
sink: what it held in the end was equal to what the source held, read by SELECT, from every server. **${NOT_THERE}**: the server has no such type
or value. A number leads to what is not exact and why.

The rules behind the values are in [envelope.md](envelope.md). \`npm run test:values\` runs it all again.${seenWith === '' ? '' : `\n\nThe last run of each: ${seenWith}.`}`;
}

function familySection(family: string, servers: readonly TypeResults[], notes: Notes): string {
  const titles = new Set(
    servers.flatMap(({ tables }) =>
      tables.filter((table) => table.family === family).map(({ title }) => title),
    ),
  );
  const head = ['column', 'SQL → JSON', ...servers.map(({ server }) => server), ...Object.values(SINKS)];
  const lines = [...titles].map((title) => {
    const found = servers.map(({ tables }) =>
      tables.find((table) => table.family === family && table.title === title),
    );
    const examples = found.find((table) => (table?.examples.length ?? 0) > 0)?.examples ?? [];
    const shown = examples.map(([sql, json]) => `${code(sql)} → ${code(json)}`).join('<br>');
    const cells = [...found.map((table) => topicCell(table, notes)), ...sinkCells(found, notes)];
    return [named(family, title), shown, ...cells];
  });
  return [`## ${family}`, '', row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

/** The types of a table are SQL, what whole tables are about is not. */
function named(family: string, title: string): string {
  return family === 'Tables and columns' ? title : code(shortened(title));
}

/** Long lists of members say no more than their ends. */
function shortened(title: string): string {
  return title.length <= LONGEST_TITLE ? title : `${title.slice(0, 40)} … ${title.slice(-40)}`;
}

function topicCell(table: TypeResult | undefined, notes: Notes): string {
  if (table === undefined) return NOT_THERE;
  const reasons = Object.entries(table.differences).flatMap(([place, reason]) =>
    place in SINKS ? [] : [reason],
  );
  return notes.cell(reasons);
}

function sinkCells(found: readonly (TypeResult | undefined)[], notes: Notes): string[] {
  return Object.keys(SINKS).map((sink) =>
    notes.cell(
      found.flatMap((table) => (table?.differences[sink] === undefined ? [] : [table.differences[sink]])),
    ),
  );
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function code(text: string): string {
  const inside = text.replaceAll('|', '\\|').replaceAll('\n', '\\n');
  return inside.includes('`') ? `\`\` ${inside} \`\`` : `\`${inside}\``;
}

/** Reasons for what is not exact, numbered as they come. */
class Notes {
  readonly #reasons: string[] = [];

  /** The check mark, or the numbers of the reasons. */
  cell(reasons: readonly string[]): string {
    if (reasons.length === 0) return EXACT;
    const numbers = [...new Set(reasons)].map((reason) => {
      if (!this.#reasons.includes(reason)) this.#reasons.push(reason);
      return `[${this.#reasons.indexOf(reason) + 1}](#what-is-not-exact)`;
    });
    return numbers.join(' ');
  }

  section(): string {
    const lines = this.#reasons.map((reason, index) => `${index + 1}. ${reason}`);
    return ['## What is not exact', '', ...(lines.length === 0 ? ['Nothing.'] : lines)].join('\n');
  }
}
