import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { Manifest } from '@sluice/tools/manifest';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';

/** Kinds that are used here, with the validators that were generated from the API's own schemas. */
const KINDS = [
  ConfigMap,
  CronJob,
  Deployment,
  HorizontalPodAutoscaler,
  Namespace,
  NetworkPolicy,
  Pod,
  PodDisruptionBudget,
  PrometheusRule,
  ScaledObject,
  Secret,
  Service,
  ServiceMonitor,
  StatefulSet,
];

/** An object of the manifest, and which of its fields the schema has asked for. */
interface Watched {
  readonly path: string;
  readonly fields: readonly string[];
  readonly asked: Set<string | symbol>;
}

/** What the API server would refuse: wrong types, missing and unknown fields. The validators let unknown ones pass: they are those that no schema asks for. */
export function schemaProblems(manifest: Manifest): readonly string[] {
  const { apiVersion, kind, metadata } = manifest;
  const name = `${kind}/${metadata.name}`;
  const type = KINDS.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (type === undefined) return [`${name}: no schema of ${apiVersion}`];
  const objects: Watched[] = [];
  const problems: string[] = [];
  try {
    type.prototype.validate.call(watched(manifest, '', objects) as never);
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`);
  }
  const unknown = objects
    .filter(({ asked }) => asked.size > 0)
    .flatMap(({ path, fields, asked }) =>
      fields.filter((field) => !asked.has(field)).map((field) => `${name}: unknown field ${path}/${field}`),
    );
  return [...problems, ...unknown];
}

function watched(value: unknown, path: string, objects: Watched[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => watched(item, `${path}/${index}`, objects));
  const asked = new Set<string | symbol>();
  const fields = Object.keys(value);
  objects.push({ path, fields, asked });
  const inner = Object.entries(value).map(([key, item]) => [key, watched(item, `${path}/${key}`, objects)]);
  return new Proxy(Object.fromEntries(inner) as Record<string | symbol, unknown>, {
    get: (target, key) => {
      asked.add(key);
      return target[key];
    },
    // A map of free keys, such as labels, is gone through.
    ownKeys: (target) => {
      for (const key of Object.keys(target)) asked.add(key);
      return Reflect.ownKeys(target);
    },
  });
}
