export { loadHelm } from './helm.ts';
export { CHART, staleManifests } from './kustomize-files.ts';
