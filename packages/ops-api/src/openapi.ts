import { MEANT_HEADERS, type OpsRoute } from '@sluice/runtime';
import { z } from 'zod';
import { OPERATIONS, type AnyOperation } from './all-operations.ts';

/** A part of a document; its members are those of OpenAPI 3.1. */
type Part = Readonly<Record<string, unknown>>;

const REFUSAL = {
  description: 'Why not, in one sentence, with the error code where there is one.',
  content: jsonContent({ $ref: '#/components/schemas/Refusal' }),
};

/** The API of all services in the words of OpenAPI 3.1, from the schemas that requests and answers are held against. */
export function openApiDocument(): Part {
  const all = Object.entries(OPERATIONS).flatMap(([service, some]) =>
    some.map((operation) => ({ service, operation })),
  );
  const paths = Map.groupBy(all, ({ operation }) => operation.path);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice ops API',
      version: '1',
      description:
        'Capture and every sink answer on their own ops port. Answers may have more members than are named here. A request that names by its headers another pipeline, service or process than the one that answers is refused with 421.',
    },
    security: [{ token: [] }],
    paths: Object.fromEntries([...paths].map(([path, some]) => [braced(path), pathItem(some)])),
    components: {
      parameters: meantParameters(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Refusal: {
          type: 'object',
          properties: { error: { type: 'string' }, code: { type: 'string' } },
          required: ['error'],
        },
      },
    },
  };
}

/** The document, for whoever may look. */
export const openApiRoute: OpsRoute = {
  method: 'GET',
  path: '/api/v1/openapi.json',
  role: 'viewer',
  handle: () => ({ status: 200, body: openApiDocument() }),
};

interface OfService {
  readonly service: string;
  readonly operation: AnyOperation;
}

function pathItem(some: readonly OfService[]): Part {
  const methods = Map.groupBy(some, ({ operation }) => operation.method);
  return Object.fromEntries([...methods].map(([method, alike]) => [method.toLowerCase(), described(alike)]));
}

/** One operation, which capture and sinks may answer each in their own way. */
function described(alike: readonly OfService[]): Part {
  const [first] = alike;
  if (first === undefined) return {};
  const { path, method, summary, role, success, request, bodyless } = first.operation;
  const texts = alike.map(({ operation }) => JSON.stringify(schemaOf(operation.answer)));
  const answers = [...new Set(texts)].map((text) => JSON.parse(text) as Part);
  return {
    operationId: idOf(method, path),
    tags: alike.map(({ service }) => service),
    summary,
    description: `Needs the role ${role}.`,
    parameters: [
      ...pathParameters(path),
      ...Object.keys(MEANT_HEADERS).map((part) => ({ $ref: `#/components/parameters/${part}` })),
      ...(method === 'GET' ? queryParameters(schemaOf(request)) : []),
    ],
    ...(method === 'POST' && {
      requestBody: { required: bodyless === undefined, content: jsonContent(schemaOf(request)) },
    }),
    responses: {
      [success]: {
        description: success === 202 ? 'Accepted: the work continues in the background.' : 'Done.',
        content: jsonContent(answers.length === 1 ? answers[0] : { anyOf: answers }),
      },
      default: REFUSAL,
    },
  };
}

/** Who is meant. */
function meantParameters(): Part {
  const parts = Object.entries(MEANT_HEADERS).map(([part, name]) => [
    part,
    {
      name,
      in: 'header',
      required: false,
      description: `The ${part} that is meant, as its /status names it; without it any.`,
      schema: { type: 'string' },
    },
  ]);
  return Object.fromEntries(parts) as Part;
}

function jsonContent(schema: unknown): Part {
  return { 'application/json': { schema } };
}

/** What may be sent: as input nothing is forbidden in answers that a later version adds. */
function schemaOf(schema: z.ZodType): Part {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

function pathParameters(path: string): readonly Part[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ properties = {}, required = [] }: Part): readonly Part[] {
  const needed = required as readonly string[];
  return Object.entries(properties as Part).map(([name, schema]) => ({
    name,
    in: 'query',
    required: needed.includes(name),
    schema,
  }));
}

function braced(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

/** `POST /api/v1/ddl/alerts/clear`: `postDdlAlertsClear`. */
function idOf(method: string, path: string): string {
  const words = path.replace('/api/v1/', '').split(/[/:]+/);
  return [
    method.toLowerCase(),
    ...words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`),
  ].join('');
}
