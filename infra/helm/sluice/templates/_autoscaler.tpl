{{- /* root, component, sink, scaling. */ -}}
{{- define "sluice.autoscaler" }}
{{- $target := dict "apiVersion" "apps/v1" "kind" "Deployment" "name" (printf "%s-%s" (include "sluice.fullname" .root) .component) }}
{{- if eq .scaling.by "keda" }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "sluice.object" . | nindent 2 }}
spec:
  scaleTargetRef:
    {{- toYaml $target | nindent 4 }}
  minReplicaCount: {{ .scaling.min }}
  maxReplicaCount: {{ .scaling.max }}
  cooldownPeriod: 300
  triggers:
    # Of all topics of the group; never more processes than partitions.
    - type: kafka
      metadata:
        bootstrapServers: {{ join "," .root.Values.config.kafka.brokers | quote }}
        consumerGroup: {{ printf "%s.%s" .root.Values.config.pipeline .sink | quote }}
        lagThreshold: {{ .scaling.lagRecords | int | quote }}
        allowIdleConsumers: 'false'
      {{- with .scaling.kedaAuthentication }}
      authenticationRef: { name: {{ . }} }
      {{- end }}
{{- else if ne .scaling.by "none" }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "sluice.object" . | nindent 2 }}
spec:
  scaleTargetRef:
    {{- toYaml $target | nindent 4 }}
  minReplicas: {{ .scaling.min }}
  maxReplicas: {{ .scaling.max }}
  behavior:
    # Each process that comes or goes makes the group share its partitions again.
    scaleUp: { stabilizationWindowSeconds: 30, policies: [{ type: Pods, value: 2, periodSeconds: 60 }] }
    scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: Pods, value: 1, periodSeconds: 120 }] }
  metrics:
    {{- if eq .scaling.by "cpu" }}
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ .scaling.cpuPercent | int }} }
    {{- else }}
    - type: External
      external:
        metric:
          name: cdc_consumer_lag_records
          selector: { matchLabels: { pipeline: {{ .root.Values.config.pipeline }}, sink: {{ .sink }} } }
        target: { type: AverageValue, averageValue: {{ .scaling.lagRecords | int | quote }} }
    {{- end }}
{{- end }}
{{- end }}
