{{- define "sluice.fullname" -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride }}
{{- else if contains "sluice" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-sluice" .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- /* root, component: what a pod is found by. */ -}}
{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sluice
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "sluice.object" -}}
name: {{ include "sluice.fullname" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sluice.labels" . | nindent 2 }}
{{- end -}}

{{- /* root, service: sink-redis of a sink that has another name. */ -}}
{{- define "sluice.image" -}}
{{- $image := .root.Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.prefix }}{{ .service }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- /* root, component, name: a Secret that was named, or the one of the component. */ -}}
{{- define "sluice.secret" -}}
{{- .name | default (printf "%s-%s" (include "sluice.fullname" .root) .component) -}}
{{- end -}}

{{- /* root, sink: its settings, as YAML. */ -}}
{{- define "sluice.sink" -}}
{{- $own := index .root.Values.sinks .sink | default dict -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.sinkDefaults) (deepCopy $own)) -}}
{{- end -}}
