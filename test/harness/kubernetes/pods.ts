import type { Manifest } from '@sluice/tools/manifest';

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: {
    readonly limits: Readonly<Record<string, string>>;
    readonly requests: Readonly<Record<string, string>>;
  };
  readonly securityContext: unknown;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

export interface Pod {
  /** Of the Deployment or CronJob. */
  readonly owner: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: {
    readonly containers: readonly Container[];
    readonly securityContext: unknown;
    readonly enableServiceLinks: boolean;
    readonly automountServiceAccountToken: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly volumes: readonly Readonly<Record<string, unknown>>[];
  };
}

interface Template {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Pod['spec'];
}

interface Spec {
  readonly template?: Template;
  readonly jobTemplate?: { readonly spec: { readonly template: Template } };
}

/** The pods that Deployments and CronJobs of these make. */
export function podsOf(manifests: readonly Manifest[]): readonly Pod[] {
  return manifests.flatMap((manifest) => {
    const spec = (manifest as { spec?: Spec }).spec;
    const template = spec?.template ?? spec?.jobTemplate?.spec.template;
    if (template === undefined) return [];
    const { annotations = {} } = template.metadata;
    return [{ owner: manifest.metadata.name, annotations, spec: template.spec }];
  });
}
