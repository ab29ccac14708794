{{/* What the release's objects are called. */}}
{{- define "sluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sluice.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "sluice.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sluice.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Objects without a namespace: two releases of one name in two namespaces are two. */}}
{{- define "sluice.clusterName" -}}
{{- if eq .Release.Namespace (include "sluice.fullname" .) -}}
{{- include "sluice.fullname" . -}}
{{- else -}}
{{- /* helm lint may know of no namespace. */ -}}
{{- printf "%s-%s" .Release.Namespace (include "sluice.fullname" .) | trimPrefix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sluice.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sluice.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "sluice.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Later ones win: nobody's own labels can replace what the selector needs. */}}
{{- define "sluice.labels" -}}
{{- $labels := dict
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
      "app.kubernetes.io/version" .Chart.AppVersion
      "app.kubernetes.io/managed-by" .Release.Service
      "app.kubernetes.io/component" "agent" -}}
{{- toYaml (mustMergeOverwrite $labels (deepCopy .Values.commonLabels) (include "sluice.selectorLabels" . | fromYaml)) -}}
{{- end -}}

{{- define "sluice.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag | toString) -}}
{{- end -}}
{{- end -}}

{{- define "sluice.priorityClassName" -}}
{{- default (include "sluice.clusterName" .) .Values.priorityClassName -}}
{{- end -}}

{{/* The key of the Secret that the agent signs in with, and the file's name. */}}
{{- define "sluice.authKey" -}}
{{- $auth := .Values.elasticsearch.auth -}}
{{- default (get (dict "apiKey" "apiKey" "basic" "password" "bearer" "token") $auth.type) $auth.key -}}
{{- end -}}

{{/*
The agent's configuration. What the chart itself relies on (ports, the state directory, mounted files) stands in it; "config"
is merged over that.
*/}}
{{- define "sluice.config" -}}
{{- $auth := .Values.elasticsearch.auth -}}
{{- $tls := .Values.elasticsearch.tls -}}
{{- $elasticsearch := dict "hosts" .Values.elasticsearch.hosts -}}
{{- if eq $auth.type "apiKey" -}}
{{- $_ := set $elasticsearch "auth" (dict "apiKeyFile" "/etc/sluice/secrets/apiKey") -}}
{{- else if eq $auth.type "basic" -}}
{{- $basic := dict "username" $auth.username "passwordFile" "/etc/sluice/secrets/password" -}}
{{- $_ := set $elasticsearch "auth" (dict "basic" $basic) -}}
{{- else if eq $auth.type "bearer" -}}
{{- $_ := set $elasticsearch "auth" (dict "bearerFile" "/etc/sluice/secrets/token") -}}
{{- end -}}
{{- $files := dict -}}
{{- if $tls.caSecret -}}
{{- $_ := set $files "caFile" "/etc/sluice/tls/ca.crt" -}}
{{- end -}}
{{- if $tls.clientSecret -}}
{{- $_ := set $files "certificateFile" "/etc/sluice/tls/tls.crt" -}}
{{- $_ := set $files "keyFile" "/etc/sluice/tls/tls.key" -}}
{{- end -}}
{{- if $files -}}
{{- $_ := set $elasticsearch "tls" $files -}}
{{- end -}}
{{- $config := dict
      "elasticsearch" $elasticsearch
      "buffer" (dict "path" "/var/lib/sluice")
      "health" (dict "listen" "0.0.0.0:2021")
      "admin" (dict "listen" "127.0.0.1:2022") -}}
{{- $config = mustMergeOverwrite $config (deepCopy .Values.config) -}}
{{- /* In a values file the word off means false. */ -}}
{{- $kubernetes := default dict $config.kubernetes -}}
{{- if and (kindIs "bool" $kubernetes.api) (not $kubernetes.api) -}}
{{- $_ := set $kubernetes "api" "off" -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Not empty if the agent asks the API server under its service account. */}}
{{- define "sluice.asksApi" -}}
{{- $kubernetes := default dict (include "sluice.config" . | fromYaml).kubernetes -}}
{{- $api := default "inCluster" $kubernetes.api -}}
{{- if not (or (eq $api "off") (hasPrefix "http://" $api)) -}}
true
{{- end -}}
{{- end -}}

{{/* Where probes and Prometheus ask. */}}
{{- define "sluice.healthPort" -}}
{{- $config := include "sluice.config" . | fromYaml -}}
{{- regexFind "[0-9]+$" $config.health.listen -}}
{{- end -}}

{{/* What the schema cannot see: each message names the value and what to do. */}}
{{- define "sluice.check" -}}
{{- $auth := .Values.elasticsearch.auth -}}
{{- if not .Values.elasticsearch.hosts -}}
{{- fail "elasticsearch.hosts is not set; name at least one node of Elasticsearch: --set 'elasticsearch.hosts={https://elasticsearch:9200}'" -}}
{{- end -}}
{{- if and (ne $auth.type "none") (not $auth.secret) -}}
{{- fail (printf "elasticsearch.auth.secret is not set; name a Secret of namespace %s whose key %s has the %s (kubectl -n %s create secret generic sluice-elasticsearch --from-literal=%s=…), or set elasticsearch.auth.type to none" .Release.Namespace (include "sluice.authKey" .) (get (dict "apiKey" "API key" "basic" "password" "bearer" "token") $auth.type) .Release.Namespace (include "sluice.authKey" .)) -}}
{{- end -}}
{{- if and (eq $auth.type "none") $auth.secret -}}
{{- fail "elasticsearch.auth.secret is set, but elasticsearch.auth.type is none; set the type to apiKey, basic or bearer, or remove the secret" -}}
{{- end -}}
{{- if and (eq $auth.type "basic") (not $auth.username) -}}
{{- fail "elasticsearch.auth.username is not set; set the user's name, or set elasticsearch.auth.type to apiKey" -}}
{{- end -}}
{{- $own := default dict .Values.config.elasticsearch -}}
{{- $ownAuth := default dict $own.auth -}}
{{- if and $ownAuth (ne $auth.type "none") -}}
{{- fail (printf "config.elasticsearch.auth is set together with elasticsearch.auth.type %s; keep one of them (set elasticsearch.auth.type to none for files that extraVolumes bring)" $auth.type) -}}
{{- end -}}
{{- $inline := dict "apiKey" $ownAuth.apiKey "bearer" $ownAuth.bearer "basic.password" (default dict $ownAuth.basic).password -}}
{{- range $name, $value := $inline -}}
{{- if and $value (not (regexMatch "^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$" (toString $value))) -}}
{{- fail (printf "config.elasticsearch.auth.%s would put a credential into a ConfigMap; put it into a Secret and name that in elasticsearch.auth.secret, or take it from a variable of extraEnv: ${NAME}" $name) -}}
{{- end -}}
{{- end -}}
{{- $config := include "sluice.config" . | fromYaml -}}
{{- if not (regexMatch "^.+:[0-9]+$" (toString $config.health.listen)) -}}
{{- fail (printf "config.health.listen is %v; set host:port, such as 0.0.0.0:2021" $config.health.listen) -}}
{{- end -}}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" $config.health.listen -}}
{{- fail (printf "config.health.listen is %s, where the kubelet cannot ask; set 0.0.0.0:%s, or remove it for the default 0.0.0.0:2021" $config.health.listen (include "sluice.healthPort" .)) -}}
{{- end -}}
{{- if not (hasPrefix "/" (toString $config.buffer.path)) -}}
{{- fail (printf "config.buffer.path is %v; set an absolute path, where buffer.hostPath is mounted, or remove it for the default /var/lib/sluice" $config.buffer.path) -}}
{{- end -}}
{{- end -}}
