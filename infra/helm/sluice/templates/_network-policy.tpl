{{- /* Ports of the brokers of sluice.yaml, as JSON. */ -}}
{{- define "sluice.kafkaPorts" -}}
{{- $ports := list -}}
{{- range .Values.config.kafka.brokers -}}
{{- $ports = append $ports (int (regexFind "[0-9]+$" .)) -}}
{{- end -}}
{{- toJson ($ports | uniq) -}}
{{- end -}}

{{- /* root, sink, section, type. */ -}}
{{- define "sluice.storePort" -}}
{{- $settings := include "sluice.sink" (dict "root" .root "sink" .sink) | fromYaml -}}
{{- $usual := index (dict "redis" 6379 "elasticsearch" 9200 "mysql" 3306) .type -}}
{{- int ($settings.storePort | default (.section.port | default $usual)) -}}
{{- end -}}

{{- /* ports: those of the servers that the component asks; names are resolved by DNS. The kubelet's probes need no rule. */ -}}
{{- define "sluice.networkPolicy" }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "sluice.object" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "sluice.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if or .probed .root.Values.networkPolicy.metricsFrom }}
  ingress:
    {{- if .probed }}
    - ports: [{ port: ops, protocol: TCP }]
      from:
        {{- $asking := list "cli" "doctor" "maintenance-daily" }}
        {{- if .root.Values.auditor.enabled }}{{ $asking = append $asking "auditor" }}{{ end }}
        {{- range $component := $asking }}
        - podSelector:
            matchLabels:
              {{- include "sluice.selector" (dict "root" $.root "component" $component) | nindent 14 }}
        {{- end }}
        {{- with .root.Values.networkPolicy.ordersFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- end }}
    {{- with .root.Values.networkPolicy.metricsFrom }}
    - ports: [{ port: metrics, protocol: TCP }]
      from:
        {{- toYaml . | nindent 8 }}
    {{- end }}
  {{- else }}
  ingress: []
  {{- end }}
  egress:
    - ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
    - ports:
        {{- range .ports | uniq }}
        - { port: {{ . }}, protocol: TCP }
        {{- end }}
{{- end }}
