"""Say what to enter at the senders of signals."""

from __future__ import annotations

from bot.types import SourceKind

# Whoever makes the secret on their own side gives it to us afterwards.
THEIR_SECRETS: frozenset[SourceKind] = frozenset({"sentry", "pagerduty"})
DATADOG = """{
  "id": "$ID",
  "alert_id": "$ALERT_ID",
  "cycle": "$ALERT_CYCLE_KEY",
  "transition": "$ALERT_TRANSITION",
  "status": "$ALERT_STATUS",
  "priority": "$ALERT_PRIORITY",
  "scope": "$ALERT_SCOPE",
  "query": "$ALERT_QUERY",
  "title": "$EVENT_TITLE",
  "text": "$TEXT_ONLY_MSG",
  "date": "$DATE_POSIX",
  "tags": "$TAGS",
  "service": "$TAGS[service]",
  "environment": "$TAGS[env]",
  "link": "$LINK"
}"""
_TEXTS: dict[SourceKind, str] = {
    "alertmanager": """In alertmanager.yml; group by what the alerts of one problem share, never by `...`:

receivers:
  - name: forgehand
    webhook_configs:
      - url: <URL>
        send_resolved: true
        max_alerts: 1000
        http_config:
          authorization:
            credentials: <SECRET>
route:
  group_by: [alertname, service]""",
    "grafana": """Alerting, Contact points, Add contact point:

Integration:                 Webhook
URL:                         <URL>
HTTP method:                 POST
HMAC signature, secret:      <SECRET>
HMAC signature, header:      X-Grafana-Alerting-Signature
HMAC signature, timestamp:   X-Grafana-Alerting-Timestamp

A Grafana without HMAC signature (before 12): Authorization header scheme Bearer, credentials <SECRET>""",
    "sentry": """Settings, Custom Integrations, Create New Integration, Internal Integration:

Webhook URL:          <URL>
Alert Rule Action:    on (then choose it as the action of your alerts)
Permissions:          Issue & Event: Read
Webhooks:             issue

Save it, put its client secret into a file, and tell it here:

forgehand signals rotate <ID> --secret-file FILE""",
    "datadog": """Integrations, Webhooks, New; then write @webhook-forgehand into the messages of monitors:

Name:             forgehand
URL:              <URL>
Custom headers:   {"Forgehand-Token": "<SECRET>"}
Payload:

"""
    + DATADOG,
    "pagerduty": """Integrations, Generic Webhooks (v3), New Webhook:

Webhook URL:           <URL>
Event subscription:    incident.triggered, incident.reopened, incident.resolved

Add it, put the secret that is shown once into a file, and tell it here:

forgehand signals rotate <ID> --secret-file FILE""",
    "jenkins": """Notification plugin; keep the URL as a credential of the kind "Secret text":

Format:        JSON
Protocol:      HTTP
Event:         Job Finalized
URL source:    Secret
URL:           <URL WITH LOGIN>
Log lines:     200

Jobs whose results come to GitHub as checks or statuses need none of this.""",
    "own": """BODY='{"kind": "alert_firing", "key": "disk-shop", "title": "The disk is full", "service": "shop"}'
NOW=$(date +%s) NAME=$(uuidgen)
SIGNED=$(printf '%s.%s.%s' "$NOW" "$NAME" "$BODY" | openssl dgst -sha256 -hmac "<SECRET>" -r | cut -d ' ' -f 1)
curl -sS '<URL>' -H "Forgehand-Signature: t=$NOW,id=$NAME,v1=$SIGNED" --data-binary "$BODY\"""",
}


def instruct(kind: SourceKind, source_id: str, url: str, secret: str) -> str:
    """Return what to enter at a sender, ready to copy."""
    scheme, _, rest = url.partition("://")
    given = {"<URL>": url, "<SECRET>": secret, "<ID>": source_id}
    given["<URL WITH LOGIN>"] = f"{scheme}://forgehand:{secret}@{rest}"
    text = _TEXTS[kind]
    for word, value in given.items():
        text = text.replace(word, value)
    return text
