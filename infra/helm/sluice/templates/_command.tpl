{{- /* root, own (name of a Secret with the token): Secrets of all services, for who logs in as each of them. As JSON. */ -}}
{{- define "sluice.commandSecrets" -}}
{{- $root := .root -}}
{{- $secrets := list -}}
{{- if eq "yes" (include "sluice.needsSecret" (dict "root" $root "section" (list $root.Values.config.source $root.Values.config.capture))) -}}
{{- $secrets = append $secrets (include "sluice.secret" (dict "root" $root "component" "capture" "name" $root.Values.capture.secret)) -}}
{{- end -}}
{{- range $name, $section := $root.Values.config.sinks -}}
{{- $settings := include "sluice.sink" (dict "root" $root "sink" $name) | fromYaml -}}
{{- if eq "yes" (include "sluice.needsSecret" (dict "root" $root "section" $section)) -}}
{{- $secrets = append $secrets (include "sluice.secret" (dict "root" $root "component" (printf "sink-%s" $name) "name" $settings.secret)) -}}
{{- end -}}
{{- end -}}
{{- if not $root.Values.access.insecure -}}
{{- $secrets = append $secrets .own -}}
{{- end -}}
{{- toJson ($secrets | uniq) -}}
{{- end -}}

{{- /* The same: what the command sends to the services. */ -}}
{{- define "sluice.commandEnv" -}}
{{- $env := list -}}
{{- if not .root.Values.access.insecure -}}
{{- $env = append $env (dict "name" "SLUICE_OPS_TOKEN" "valueFrom" (dict "secretKeyRef" (dict "name" .own "key" "token"))) -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}
