{{- /* Ports of the brokers of sluice.yaml, as JSON. */ -}}
{{- define "sluice.kafkaPorts" -}}
{{- $ports := list -}}
{{- range .Values.config.kafka.brokers -}}
{{- $ports = append $ports (int (regexFind "[0-9]+$" .)) -}}
{{- end -}}
{{- toJson ($ports | uniq) -}}
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
  ingress:
    - ports: [{ port: ops, protocol: TCP }]
      from:
        {{- range $component := list "cli" "doctor" "maintenance-daily" }}
        - podSelector:
            matchLabels:
              {{- include "sluice.selector" (dict "root" $.root "component" $component) | nindent 14 }}
        {{- end }}
        {{- with .root.Values.networkPolicy.ordersFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .root.Values.networkPolicy.metricsFrom }}
    - ports: [{ port: metrics, protocol: TCP }]
      from:
        {{- toYaml . | nindent 8 }}
    {{- end }}
  egress:
    - ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
    - ports:
        {{- range .ports | uniq }}
        - { port: {{ . }}, protocol: TCP }
        {{- end }}
{{- end }}
