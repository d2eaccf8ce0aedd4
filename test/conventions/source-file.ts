import { parseSync, Visitor, type Program } from 'oxc-parser';
import { readText } from './workspaces.ts';

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface ComputedImport {
  readonly line: number;
  /** What the specifier begins with, as far as it is written; empty when it is no template. */
  readonly prefix: string;
}

export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly lines: number;
  /** Module specifiers of imports, re-exports and literal dynamic imports, those of types included. */
  readonly imports: readonly string[];
  /** Dynamic imports of what is known at run time only. */
  readonly computedImports: readonly ComputedImport[];
  readonly hasDefaultExport: boolean;
  readonly functions: readonly FunctionSpan[];
  readonly comments: readonly { readonly text: string; readonly line: number }[];
  readonly anyLines: readonly number[];
  /** String literals that look like a relative path of a module: what a spawned program is named by. */
  readonly moduleLiterals: readonly string[];
  readonly program: Program;
  lineOf(offset: number): number;
}

const parsed = new Map<string, SourceFile>();

/** Parses once per run; throws when the file is not valid TypeScript. */
export function parseSource(path: string): SourceFile {
  const known = parsed.get(path);
  if (known !== undefined) return known;
  const text = readText(path);
  const result = parseSync(path, text, { lang: 'ts', sourceType: 'module' });
  const [problem] = result.errors;
  if (problem !== undefined) throw new Error(`${path}: ${problem.message}`);
  const lineOf = lineFinder(text);
  const { typeImports, ...inspected } = inspect(result.program, lineOf);
  const file: SourceFile = {
    path,
    lines: text.split('\n').length - 1,
    imports: [...staticSpecifiers(result.module), ...dynamicSpecifiers(result.module, text), ...typeImports],
    computedImports: computedImports(result.module, text, lineOf),
    hasDefaultExport: result.module.staticExports.some((statement) =>
      statement.entries.some((entry) => entry.exportName.kind === 'Default'),
    ),
    ...inspected,
    comments: result.comments.map((comment) => ({ text: comment.value, line: lineOf(comment.start) })),
    program: result.program,
    lineOf,
  };
  parsed.set(path, file);
  return file;
}

type EsModule = ReturnType<typeof parseSync>['module'];

function staticSpecifiers(module: EsModule): string[] {
  const reexported = module.staticExports.flatMap((statement) =>
    statement.entries.flatMap((entry) => (entry.moduleRequest === null ? [] : [entry.moduleRequest.value])),
  );
  return [...module.staticImports.map((statement) => statement.moduleRequest.value), ...reexported];
}

type DynamicImport = EsModule['dynamicImports'][number];

function dynamicSpecifiers(module: EsModule, text: string): string[] {
  return module.dynamicImports.flatMap((call) => literalSpecifier(call, text) ?? []);
}

function literalSpecifier(
  { moduleRequest: { start, end } }: DynamicImport,
  text: string,
): string | undefined {
  return /^(['"`])([^'"`$]+)\1$/.exec(text.slice(start, end))?.[2];
}

function computedImports(
  module: EsModule,
  text: string,
  lineOf: (offset: number) => number,
): ComputedImport[] {
  const computed = module.dynamicImports.filter((call) => literalSpecifier(call, text) === undefined);
  return computed.map(({ moduleRequest: { start, end } }) => {
    const [, prefix = ''] = /^`([^$`]*)\$\{/.exec(text.slice(start, end)) ?? [];
    return { line: lineOf(start), prefix };
  });
}

interface Spanned {
  readonly start: number;
  readonly end: number;
}

function inspect(
  program: Program,
  lineOf: (offset: number) => number,
): Pick<SourceFile, 'functions' | 'anyLines' | 'moduleLiterals'> & {
  readonly typeImports: readonly string[];
} {
  const typeImports: string[] = [];
  const functions: FunctionSpan[] = [];
  const anyLines: number[] = [];
  const moduleLiterals: string[] = [];
  const span = (node: Spanned, name: string): void => {
    const line = lineOf(node.start);
    functions.push({ name, line, lines: lineOf(node.end) - line + 1 });
  };
  const visitor = new Visitor({
    FunctionDeclaration: (node) => span(node, node.id?.name ?? 'anonymous'),
    FunctionExpression: (node) => span(node, node.id?.name ?? 'anonymous'),
    ArrowFunctionExpression: (node) => span(node, 'arrow'),
    TSImportType: (node) => void typeImports.push(node.source.value),
    TSAnyKeyword: (node) => void anyLines.push(lineOf(node.start)),
    Literal: (node) => {
      if (typeof node.value === 'string' && /^[\w./-]+\.(ts|mjs)$/.test(node.value)) {
        moduleLiterals.push(node.value);
      }
    },
  });
  visitor.visit(program);
  return { functions, anyLines, moduleLiterals, typeImports };
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
