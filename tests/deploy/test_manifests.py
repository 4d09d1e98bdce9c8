"""What `deploy/` starts is a command with settings that exist, in documents that Kubernetes would take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import sqlalchemy as sa
import yaml

from bot.cli import main
from bot.settings import Settings
from bot.store.database import create_engine

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
SCHEMA = json.loads((Path(__file__).parent / "kubernetes.json").read_text())
SERVICES = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
DOORS, WORKER = {"FORGEHAND_WORKERS": "0"}, {"FORGEHAND_WORKERS": "4"}


def documents() -> list[dict[str, Any]]:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    files = {path.name for path in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    return [each for name in kustomization["resources"] for each in yaml.safe_load_all((KUBERNETES / name).read_text())]


def named(kind: str, name: str) -> dict[str, Any]:
    """The ``spec`` of a document; of what has none, such as a RuntimeClass, the whole."""
    (found,) = [each for each in documents() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found.get("spec", found)


def starts() -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """What is started: by whom, with which arguments and settings."""
    for each in documents():
        if each["kind"] == "Deployment":
            (container,) = each["spec"]["template"]["spec"]["containers"]
            yield each["metadata"]["name"], container["args"], {one["name"]: one["value"] for one in container["env"]}
    for name, service in SERVICES.items():
        if service["image"] == "forgehand":
            yield name, service["command"], service["environment"]


@pytest.mark.parametrize("document", documents(), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_kubernetes_would_take_it(document: dict[str, Any]) -> None:
    name = SCHEMA["kinds"][f"{document['apiVersion']}/{document['kind']}"]
    validator = jsonschema_rs.validator_for({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{name}"})
    assert [error.message for error in validator.iter_errors(document)] == []
    spoilt = document | {"metadata": {"naem": "x"}}
    assert not validator.is_valid(spoilt)


def test_doors_and_workers_are_started_with_what_exists() -> None:
    known = {f"FORGEHAND_{name}".upper() for name in Settings.model_fields}
    seen = {}
    for name, arguments, environment in starts():
        command = main.commands[arguments[0]]
        command.make_context(arguments[0], arguments[1:])
        assert set(environment) <= known
        seen[name] = (arguments, {key: environment[key] for key in DOORS})
    assert seen == {
        "forgehand-doors": (["serve"], DOORS),
        "forgehand-workers": (["work"], WORKER),
        "forgehand": (["serve"], DOORS),
        "worker": (["work"], WORKER),
    }


def test_the_example_names_what_an_app_by_hand_needs_and_is_none_as_it_stands() -> None:
    """So that whoever copies it may fill it in, or leave it to the set-up in a browser."""
    lines = [line for line in (DEPLOY / "forgehand.env.example").read_text().splitlines() if not line.startswith("#")]
    given = dict(line.split("=") for line in lines)
    needed = ("APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "CLIENT_ID", "CLIENT_SECRET", "PUBLIC_URL", "MASTER_KEY")
    assert list(given) == [*(f"FORGEHAND_{name}" for name in needed), "ANTHROPIC_API_KEY"]
    assert set(given.values()) == {""}
    readme = (DEPLOY / "README.md").read_text()
    assert {name for name in given if f"={name}=" in readme} == set(given), "Kubernetes is given the same"


def test_no_service_sets_variables_that_are_read_as_settings() -> None:
    """A Service named forgehand would set FORGEHAND_PORT in pods, to an address."""
    pods = [each["spec"]["template"]["spec"] for each in documents() if each["kind"] == "Deployment"]
    shown = re.findall(r"--overrides='(.+?)'", (DEPLOY / "README.md").read_text(), re.DOTALL)
    pods += [json.loads(each)["spec"] for each in shown]
    assert [pod["enableServiceLinks"] for pod in pods] == [False, False, False]


def test_workers_run_in_gvisor_and_grow_with_the_oldest_queued_task() -> None:
    workers = named("Deployment", "forgehand-workers")
    assert workers["template"]["spec"]["runtimeClassName"] == "gvisor"
    assert named("RuntimeClass", "gvisor")["handler"] == "runsc"
    scaler = named("HorizontalPodAutoscaler", "forgehand-workers")
    assert scaler["scaleTargetRef"]["name"] == "forgehand-workers"
    wanted = scaler["metrics"][0]["external"]["metric"]["name"]
    assert f'"{wanted}"' in (DEPLOY.parent / "bot" / "web" / "metrics.py").read_text()


def test_in_compose_the_proxy_on_the_host_is_believed() -> None:
    """Its requests come from the gateway of a network that the engine made, and to a port of the host alone."""
    doors = SERVICES["forgehand"]
    networks = [ip_network(each) for each in json.loads(doors["environment"]["FORGEHAND_PROXIES"])]
    for gateway in ("172.18.0.1", "192.168.16.1", "10.89.0.1"):
        assert any(ip_address(gateway) in network for network in networks)
    assert [port.rpartition(":")[0] for port in doors["ports"]] == ["127.0.0.1:8080"]


def test_postgres_is_ready_once_others_can_reach_it() -> None:
    """While its image makes the database, a server answers on the socket alone."""
    (container,) = named("StatefulSet", "forgehand-postgres")["template"]["spec"]["containers"]
    asked = [container["readinessProbe"]["exec"]["command"], SERVICES["postgres"]["healthcheck"]["test"][1:]]
    assert asked == [["pg_isready", "--host", "127.0.0.1", "--username", "forgehand"]] * 2


def test_postgres_keeps_the_debian_that_its_volume_was_sorted_by() -> None:
    (container,) = named("StatefulSet", "forgehand-postgres")["template"]["spec"]["containers"]
    assert {container["image"], SERVICES["postgres"]["image"]} == {"postgres:17-trixie"}
    assert "slim-trixie AS machine" in (DEPLOY.parent / "Dockerfile").read_text(), "whose client is of 17"


def test_postgres_has_connections_for_all_that_may_run_at_once() -> None:
    doors, workers = (named("Deployment", f"forgehand-{name}") for name in ("doors", "workers"))
    most = doors["replicas"] + named("HorizontalPodAutoscaler", "forgehand-workers")["maxReplicas"]
    most += sum(each["strategy"]["rollingUpdate"]["maxSurge"] for each in (doors, workers))
    pool = create_engine("postgresql+psycopg://nobody@127.0.0.1:9/none").pool
    assert isinstance(pool, sa.QueuePool)
    a_process = 2 * (pool.size() + pool._max_overflow) + 3  # two pools; the inbox and two that listen
    (container,) = named("StatefulSet", "forgehand-postgres")["template"]["spec"]["containers"]
    for arguments in (container["args"], SERVICES["postgres"]["command"]):
        given = dict(one.split("=") for one in arguments if one != "-c")
        assert most * a_process <= int(given["max_connections"])
    assert f"{a_process} at most" in (DEPLOY.parent / "docs" / "setup.md").read_text()


def test_who_stops_a_server_waits_until_it_has_ended() -> None:
    """25 s at most (docs/reliability.md); doors of Kubernetes go on for a while before, as requests still come."""
    doors, workers = (named("Deployment", f"forgehand-{name}")["template"]["spec"] for name in ("doors", "workers"))
    (program, seconds) = doors["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert (program, int(seconds) > 0) == ("sleep", True)
    line = (DEPLOY / "README.md").read_text().split("docker run ")[1]
    waits = [
        doors["terminationGracePeriodSeconds"] - int(seconds),
        workers["terminationGracePeriodSeconds"],
        int(re.findall(r"TimeoutStopSec=(\d+)", (DEPLOY / "forgehand.service").read_text())[0]),
        int(line.split("--stop-timeout ")[1].split()[0]),
        *(
            int(each["stop_grace_period"].removesuffix("s"))
            for each in SERVICES.values()
            if each["image"] == "forgehand"
        ),
    ]
    assert len(waits) == 6
    assert min(waits) > 25
