/** A JSON Schema, or a part of one. */
type Schema = Readonly<Record<string, unknown>>;

const DNS_NAME = '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$';
const text: Schema = { type: 'string' };
const secretName: Schema = { type: 'string', pattern: `^$|${DNS_NAME}` };
const anyMap: Schema = { type: 'object' };
const anyList: Schema = { type: 'array' };
const texts: Schema = { type: 'object', additionalProperties: text };
const whole = (minimum: number): Schema => ({ type: 'integer', minimum });
const section = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  additionalProperties: false,
});

/** Where pods run, and with what. */
const place: Readonly<Record<string, Schema>> = {
  secret: secretName,
  resources: anyMap,
  nodeSelector: texts,
  tolerations: anyList,
  affinity: anyMap,
  priorityClassName: text,
  podAnnotations: texts,
};

/** Those of a service. */
const pods: Readonly<Record<string, Schema>> = { replicas: whole(0), ...place };

const report = section({ schedule: text, arguments: { type: 'array', items: text } });

const sink = section({
  ...pods,
  storePort: { type: 'integer', minimum: 0, maximum: 65_535 },
  autoscaling: section({
    by: { enum: ['none', 'keda', 'external', 'cpu'] },
    min: whole(0),
    max: whole(1),
    lagRecords: whole(1),
    cpuPercent: whole(1),
    kedaAuthentication: secretName,
  }),
});

/** Schema of the values of infra/helm/sluice; `config` is held to the schema of sluice.yaml. */
export function valuesSchema(config: Schema): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the Helm chart sluice',
    ...section({
      global: anyMap, // what Helm itself adds
      fullnameOverride: { type: 'string', pattern: '^$|^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$' },
      image: section({
        registry: text,
        prefix: text,
        tag: text,
        pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
        pullSecrets: { type: 'array', items: secretName },
      }),
      config: within(config),
      access: section({ tokensSecret: secretName, insecure: { type: 'boolean' } }),
      secrets: { type: 'object', additionalProperties: texts },
      capture: section(pods),
      sinkDefaults: sink,
      sinks: { type: 'object', additionalProperties: sink },
      cli: section({ enabled: { type: 'boolean' }, secret: secretName, resources: anyMap }),
      auditor: section({ enabled: { type: 'boolean' }, arguments: { type: 'array', items: text }, ...place }),
      doctor: section({ suspend: { type: 'boolean' }, schedule: text }),
      maintenance: section({ suspend: { type: 'boolean' }, daily: report, weekly: report, monthly: report }),
      terminationGracePeriodSeconds: whole(30),
      networkPolicy: section({ enabled: { type: 'boolean' }, metricsFrom: anyList, ordersFrom: anyList }),
      monitoring: section({
        enabled: { type: 'boolean' },
        labels: texts,
        interval: text,
        rules: { type: 'boolean' },
        dashboardLabels: texts,
      }),
    }),
    required: ['config'],
  };
}

/** The schema as a part of another one, for Helm: its references lead to the part, and its patterns are those of RE2, which has no `(?!`. */
function within(schema: Schema): Schema {
  const { $schema: _, ...rest } = JSON.parse(JSON.stringify(schema), (key, value: unknown) => {
    if (key === '$ref' && typeof value === 'string') return value.replace(/^#/u, '#/properties/config');
    return isSchema(value) ? withoutLookahead(value) : value;
  }) as Record<string, unknown>;
  return rest;
}

function withoutLookahead(part: Schema): Schema {
  const { pattern, ...rest } = part;
  const [, not, pure] = typeof pattern === 'string' ? (/^\^\(\?!([^)]*)\)(.*)$/u.exec(pattern) ?? []) : [];
  if (not === undefined || pure === undefined) return part;
  return { ...rest, pattern: `^${pure}`, not: { pattern: `^${not}` } };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
