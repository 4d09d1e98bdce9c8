"""Tell from an alert's labels which trouble it is about: pods come and go, the trouble stays."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.signals.fields import clean_line, make_digest
from bot.signals.records import Severity

# Labels that name one of many alike, or a momentary value.
_PASSING = frozenset(
    {"instance", "pod", "container", "endpoint", "node", "value", "replica"}
    | {"pod_name", "container_name", "container_id", "pod_ip", "uid", "prometheus_replica", "__value_string__"}
)
_SERVICE = ("service", "service_name", "app", "application", "app_kubernetes_io_name")
_ENVIRONMENT = ("environment", "env", "deployment_environment", "stage")
_PLACE = ("cluster", "namespace")
_SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(("critical", "page", "emergency", "fatal", "disaster", "p1", "sev1", "1"), "critical"),
    **dict.fromkeys(("warning", "warn", "minor", "low", "p3", "p4", "sev3", "3", "4"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "notice", "debug", "none", "ok", "p5", "5"), "info"),
}
# The ends that Kubernetes gives to names of pods: of a ReplicaSet and its pod, of a DaemonSet's, of a StatefulSet's.
_POD_END = re.compile(
    r"-(?:\d{1,10}|(?=[a-z]{0,11}\d)[a-z0-9]{4,12}|[bcdfghjklmnpqrstvwxz]{5}|[bcdfghjklmnpqrstvwxz]{8,10})$"
)


def find_trouble(labels: Mapping[str, str]) -> str:
    """Return the name of the trouble: the labels that last."""
    kept = [text for name, value in sorted(labels.items()) if name not in _PASSING for text in (name, value)]
    return make_digest(*kept, find_workload(labels))


def find_kin(labels: Mapping[str, str]) -> str:
    """Return a wider name of the trouble, "" for alerts without a service."""
    service, alert = find_service(labels), labels.get("alertname", "")
    if not service or not alert:
        return ""
    place = [labels.get(name, "") for name in _PLACE]
    return "alert:" + make_digest(alert, service, find_environment(labels), *place, find_workload(labels))


def find_workload(labels: Mapping[str, str]) -> str:
    """Return what a pod belongs to, "" where its name does not say."""
    pod = labels.get("pod") or labels.get("pod_name") or ""
    name = pod
    for _ in range(2):
        name = _POD_END.sub("", name)
    return name if name != pod else ""


def find_service(labels: Mapping[str, str]) -> str:
    """Return the service that an alert names, or ""."""
    return _find_first(labels, _SERVICE)


def find_environment(labels: Mapping[str, str]) -> str:
    """Return the environment that an alert names, or ""."""
    return _find_first(labels, _ENVIRONMENT)


def read_severity(text: str) -> Severity:
    """Return the severity that a word means; ``error`` where it is unknown."""
    return _SEVERITIES.get(text.strip().lower(), "error")


def _find_first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((clean_line(labels[name]) for name in names if labels.get(name)), "")
