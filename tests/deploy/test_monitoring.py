"""Rules, dashboard, compose file and docs speak of the metrics that there are, and of all of them."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import REGISTRY

import bot.web.metrics
from tests.support import alertmanager

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/forgehand.rules.yml"
CASES = DEPLOY / "prometheus/forgehand.tests.yml"
DASHBOARD = DEPLOY / "grafana/forgehand.json"
PAGE = (ROOT / "docs/monitoring.md").read_text()
OUTSIDE = {"up"}  # Prometheus's own


def list_series() -> dict[str, set[str]]:
    """The names of series by the name that documentation gives a metric."""
    found = {}
    for metric in REGISTRY.collect():
        if metric.name.startswith("forgehand_"):
            suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "info": ("_info",)}
            names = {metric.name + suffix for suffix in suffixes.get(metric.type, ("",))}
            found[metric.name if metric.type == "histogram" else names.copy().pop()] = names
    return found


def names_in(expression: str) -> set[str]:
    """The series that an expression asks for."""
    text = expression.replace("$__rate_interval", "5m")
    found: set[str] = set()

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.add(node.name)
        for part in ("expr", "lhs", "rhs", "vector_selector", "vs", "args", "param"):
            inner = getattr(node, part, None)
            for each in inner if isinstance(inner, list) else [inner]:
                if isinstance(each, promql_parser.Expr):
                    look(each)

    look(promql_parser.parse(text))
    return found


def panels() -> list[dict[str, Any]]:
    board = json.loads(DASHBOARD.read_text())
    return [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", ())) if inner["type"] != "row"]


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_every_metric_is_shown_and_told_and_there_are_no_others() -> None:
    known = list_series()
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    drawn = {name for expression in asked for name in names_in(expression)}
    watched = {name for rule in alerts() for name in names_in(rule["expr"])}
    told = set(re.findall(r"`(forgehand_\w+)`", PAGE))
    assert (drawn | watched) - OUTSIDE <= set().union(*known.values())
    assert {name for name, series in known.items() if not series & (drawn | watched)} == set()
    assert told == set(known)
    labels = {name for metric in REGISTRY.collect() for sample in metric.samples for name in sample.labels}
    assert not labels & {"repository", "owner", "person", "login", "actor"}


def test_the_dashboard_is_what_its_module_makes_and_grafanas_models_read_it() -> None:
    text = DASHBOARD.read_text()
    made = runpy.run_path(str(DEPLOY / "grafana/make_dashboard.py"))
    assert made["write"]() == text, "run python deploy/grafana/make_dashboard.py"
    board = Dashboard.from_json(json.loads(text))
    assert (board.uid, board.schema_version >= 36) == ("forgehand", True)
    assert [panel["title"] for panel in panels()[:4]] == [
        "Waiting for people", "Running", "Oldest delivery", "Money today",
    ]  # fmt: skip
    rows = [panel["title"] for panel in json.loads(text)["panels"] if panel["type"] == "row"]
    assert rows == [
        "Tasks by outcome", "Latency by stage", "Cost by role", "Providers", "GitHub limits", "Workers", "Sandbox",
    ]  # fmt: skip
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        ids = [target["refId"] for target in panel["targets"]]
        assert all(ids), panel["title"]
        assert len(set(ids)) == len(ids), panel["title"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}


def outcomes_of(alert: str) -> Iterator[bool]:
    """Whether it fires, case by case in the order of time."""
    for test in yaml.safe_load(CASES.read_text())["tests"]:
        yield from (bool(case["exp_alerts"]) for case in test["alert_rule_test"] if case["alertname"] == alert)


def test_every_alert_is_explained_and_shown_to_fire_and_to_resolve() -> None:
    told = {line.removeprefix("### ") for line in PAGE.splitlines() if line.startswith("### ")}
    names = {rule["alert"] for rule in alerts()}
    assert told == names
    for rule in alerts():
        told_as = f"docs/monitoring.md#{rule['alert'].lower()}"
        assert (rule["annotations"]["what_to_do"], rule["annotations"]["summary"] != "") == (told_as, True)
        assert rule["labels"]["severity"] in {"page", "ticket", "notice"}
        states = list(outcomes_of(rule["alert"]))
        assert states[:3] == [False, True, False], rule["alert"]


def test_compose_gives_prometheus_and_grafana_what_they_look_for() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
    mounted = {}
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["monitoring"]
        for mount in services[name]["volumes"]:
            source, target = mount.split(":")[:2]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
                mounted[target] = DEPLOY / source
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    assert [mounted[file] for file in config["rule_files"]] == [RULES]
    (scraped,) = config["scrape_configs"]
    host, port = scraped["static_configs"][0]["targets"][0].split(":")
    given = services[host]["environment"]
    assert (given["FORGEHAND_METRICS_HOST"], given["FORGEHAND_METRICS_PORT"]) == ("0.0.0.0", port)
    assert not any(f":{port}" in published for published in services[host]["ports"]), "strangers must not reach it"
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/forgehand.yml").read_text())
    assert mounted[provisioned["providers"][0]["options"]["path"] + "/forgehand.json"] == DASHBOARD
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")


def test_prometheus_finds_the_pods_of_kubernetes_by_the_job_that_is_told() -> None:
    """By another name the alert ForgehandDown would always fire."""
    (shown,) = re.findall(r"```yaml\n(- job_name: .+?)```", (DEPLOY / "README.md").read_text(), re.DOTALL)
    (job,) = yaml.safe_load(shown)
    (kept,) = job["relabel_configs"]
    looked_for = set(re.findall(r'job="(\w+)"', RULES.read_text()))
    assert {job["job_name"]} == looked_for
    for part in ("doors", "workers"):
        *_, deployment = yaml.safe_load_all((DEPLOY / f"kubernetes/{part}.yaml").read_text())
        template = deployment["spec"]["template"]
        (container,) = template["spec"]["containers"]
        found = [f"{template['metadata']['labels']['app']};{port['name']}" for port in container["ports"]]
        assert [each for each in found if re.fullmatch(kept["regex"], each)] == ["forgehand;metrics"]
        assert "annotations" not in template["metadata"], "other jobs would find the pods a second time"


@pytest.mark.needs("promtool")
def test_prometheus_agrees() -> None:
    promtool = alertmanager.find("promtool")
    assert promtool is not None
    page = bot.web.metrics.generate_latest()
    for command, given in (
        (["check", "rules", str(RULES)], b""),
        (["check", "config", "--syntax-only", str(DEPLOY / "prometheus/prometheus.yml")], b""),
        (["test", "rules", str(CASES)], b""),
        (["check", "metrics"], page),
    ):
        done = subprocess.run([promtool, *command], input=given, capture_output=True, check=False)
        assert (done.returncode, done.stderr.decode()) == (0, ""), command
