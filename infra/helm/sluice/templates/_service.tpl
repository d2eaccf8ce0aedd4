{{- /* Named ports of a component. No cluster address: each process is a target of its own. */ -}}
{{- define "sluice.service" }}
apiVersion: v1
kind: Service
metadata:
  {{- include "sluice.object" . | nindent 2 }}
spec:
  selector:
    {{- include "sluice.selector" . | nindent 4 }}
  # Also those that are not ready: /status of a service that waits for a person says what it needs, and it has metrics.
  publishNotReadyAddresses: true
  ports:
    {{- if .probed }}
    - { name: ops, port: 8080, targetPort: ops }
    {{- end }}
    - { name: metrics, port: {{ .metricsPort | default 9090 }}, targetPort: metrics }
{{- end }}

{{- define "sluice.budget" }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "sluice.object" . | nindent 2 }}
spec:
  maxUnavailable: 1
  # A pod that is not ready anyway does not keep a node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "sluice.selector" . | nindent 6 }}
{{- end }}
