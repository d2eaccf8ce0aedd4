{{- /* root, component, ops: the section `ops` of a service, whose tls and the like stay as they are written. */ -}}
{{- define "sluice.ops" -}}
{{- $root := .root -}}
{{- $scheme := ternary "https" "http" (hasKey .ops "tls") -}}
{{- $set := dict "host" "0.0.0.0" "port" 8080 "metricsPort" 9090
    "url" (printf "%s://%s-%s:8080" $scheme (include "sluice.fullname" $root) .component) -}}
{{- $_ := set $set "probes" (mergeOverwrite (deepCopy (.ops.probes | default dict)) (dict "port" 8180)) -}}
{{- if $root.Values.access.insecure -}}
{{- $_ := set $set "insecure" true -}}
{{- else -}}
{{- $_ := set $set "tokensFile" "/etc/sluice/tokens/tokens" -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .ops) $set) -}}
{{- end -}}

{{- /* The sluice.yaml of all pods. */ -}}
{{- define "sluice.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $capture := deepCopy ($config.capture | default dict) -}}
{{- $ops := include "sluice.ops" (dict "root" . "component" "capture" "ops" ($capture.ops | default dict)) -}}
{{- $_ := set $config "capture" (mergeOverwrite $capture (dict "ops" (fromYaml $ops))) -}}
{{- $root := . -}}
{{- range $name, $section := $config.sinks -}}
{{- $ops := include "sluice.ops" (dict "root" $root "component" (printf "sink-%s" $name) "ops" ($section.ops | default dict)) -}}
{{- $_ := set $section "ops" (fromYaml $ops) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* Whether a section, or that of Kafka, names a file of the Secret. */ -}}
{{- define "sluice.needsSecret" -}}
{{- if contains "/etc/sluice/secrets/" (printf "%s %s" (toYaml .section) (toYaml .root.Values.config.kafka)) -}}yes{{- end -}}
{{- end -}}
