{{- /*
A pod of the pipeline. root; component; service (of the image); command (null: that of the image); settings (resources, secret …); section (of
sluice.yaml); secrets (names, mounted as files); probed; metricsPort (of a pod that has metrics alone).
*/ -}}
{{- define "sluice.pod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "sluice.selector" . | nindent 4 }}
    app.kubernetes.io/part-of: sluice
  annotations:
    checksum/config: {{ include "sluice.config" $root | sha256sum }}
    {{- with index $root.Values.secrets .component }}
    checksum/secret: {{ toYaml . | sha256sum }}
    {{- end }}
    {{- with .settings.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    fsGroup: 1000
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .settings.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .settings.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .settings.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .settings.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .probed }}
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - topologyKey: {{ $key }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "sluice.selector" $ | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ include "sluice.image" . }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      {{- with .command }}
      command:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      env:
        - { name: SLUICE_CONFIG, value: /etc/sluice/config/sluice.yaml }
        {{- with .env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      resources:
        {{- toYaml .settings.resources | nindent 8 }}
      {{- if .probed }}
      ports:
        - { name: ops, containerPort: 8080 }
        - { name: metrics, containerPort: 9090 }
        - { name: probes, containerPort: 8180 }
      {{- include "sluice.probes" (dict "ops" (.section.ops | default dict)) | nindent 6 }}
      {{- else if .metricsPort }}
      ports:
        - { name: metrics, containerPort: {{ .metricsPort }} }
      # It answers also while a server is away. By https it may ask for a certificate, which the kubelet has not.
      livenessProbe:
        {{- if dig "auditor" "ops" "metrics" "tls" "" $root.Values.config }}
        tcpSocket: { port: metrics }
        {{- else }}
        httpGet: { path: /metrics, port: metrics }
        {{- end }}
        periodSeconds: 30
        timeoutSeconds: 10
        failureThreshold: 6
      {{- end }}
      volumeMounts:
        - { name: config, mountPath: /etc/sluice/config, readOnly: true }
        - { name: scratch, mountPath: /tmp }
        {{- if .secrets }}
        - { name: secrets, mountPath: /etc/sluice/secrets, readOnly: true }
        {{- end }}
        {{- if and .probed (not $root.Values.access.insecure) }}
        - { name: tokens, mountPath: /etc/sluice/tokens, readOnly: true }
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "sluice.fullname" $root }}-config }
    - name: scratch
      emptyDir: { sizeLimit: 256Mi }
    {{- if .secrets }}
    - name: secrets
      projected:
        defaultMode: 288 # 0440; some readers of YAML take 0440 for 440
        sources:
          {{- range .secrets }}
          - secret: { name: {{ . }} }
          {{- end }}
    {{- end }}
    {{- if and .probed (not $root.Values.access.insecure) }}
    - name: tokens
      secret:
        secretName: {{ include "sluice.secret" (dict "root" $root "component" "tokens" "name" $root.Values.access.tokensSecret) }}
        defaultMode: 288 # 0440; some readers of YAML take 0440 for 440
    {{- end }}
{{- end -}}

{{- /*
Alive is a process that answers: whose store is away, or that waits for a person, is alive, and a restart would not help. Ready is what
/readyz says: it works, or stands by.
*/ -}}
{{- define "sluice.probes" -}}
{{- $scheme := ternary "HTTPS" "HTTP" (hasKey (.ops.probes | default dict) "tls") -}}
startupProbe:
  httpGet: { path: /livez, port: probes, scheme: {{ $scheme }} }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: probes, scheme: {{ $scheme }} }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: probes, scheme: {{ $scheme }} }
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}
