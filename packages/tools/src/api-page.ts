import { OPERATIONS } from '@sluice/ops-api';

/** `docs/api.md`: every operation of the ops API, from its declarations. */
export function apiPage(): string {
  const sections = Object.entries(OPERATIONS).map(([service, operations]) => {
    const lines = operations.map(({ method, path, aliases = [], role, summary }) =>
      row([`\`${method} ${path}\``, summary, role, aliases.map((alias) => `\`${alias}\``).join(', ')]),
    );
    const head = ['request', 'what it does', 'role', 'older paths'];
    return [`## ${TITLES[service]}`, '', row(head), row(head.map(() => '---')), ...lines].join('\n');
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

const TITLES: Readonly<Record<string, string>> = { capture: 'Capture', sink: 'Every sink' };

const INTRODUCTION = `<!-- Generated from packages/ops-api by \`npm run generate\`. -->

# Ops API

Each service answers on its own ops port (\`ops.port\`). Requests and answers, member by member: [openapi.json](openapi.json), OpenAPI 3.1, which each
service serves as \`GET /api/v1/openapi.json\`. Who may ask what: [operations.md](operations.md), "Who may give orders"; what is refused:
[security.md](security.md). Orders are JSON (\`content-type: application/json\`); a refusal is \`{"error": …}\`, with \`code\` where [errors.md](errors.md) has one.
A request may say which service it means, as \`sluice\` does with every order: \`X-Sluice-Pipeline\`, \`X-Sluice-Service\` (\`capture\` or \`sink-NAME\`) and \`X-Sluice-Instance\`, as
\`/status\` names them. Another that answers at the address refuses with 421 and does nothing; without these headers whoever answers obeys.
\`GET /livez\` and \`GET /readyz\` answer probes, without a token. Older paths lead to the same, under the same guard.`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
