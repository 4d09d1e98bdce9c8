"""The files of deploy/ agree with each other and with what the sandbox needs."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
# calls of bubblewrap 0.8 that a container profile often forgets
NEEDED = {"clone", "unshare", "mount", "umount2", "pivot_root", "sethostname", "prctl", "seccomp", "chroot"}


def test_the_container_profile_leaves_bubblewrap_what_it_needs() -> None:
    profile = json.loads((ROOT / "deploy/seccomp.json").read_text())
    denied = {name for rule in profile["syscalls"] if "args" not in rule for name in rule["names"]}
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    assert not denied & NEEDED
    assert {"bpf", "keyctl", "init_module", "kexec_load", "io_uring_setup", "open_by_handle_at"} <= denied


def test_the_run_line_and_compose_give_the_same_options() -> None:
    service = yaml.safe_load((ROOT / "deploy/compose.yml").read_text())["services"]["worker"]
    line = (ROOT / "deploy/README.md").read_text().split("```sh")[1]
    options = {
        option.replace(":true", "").replace(":", "=").replace("./", "deploy/") for option in service["security_opt"]
    }
    assert options == {part.split()[0] for part in line.split("--security-opt ")[1:]}
    assert service["cap_drop"] == ["ALL"]
    assert f"--memory {service['mem_limit']}" in line
    assert f"--pids-limit {service['pids_limit']}" in line


def test_the_unit_delegates_and_sets_nothing_that_stops_bubblewrap() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(ROOT / "deploy/forgehand.service")
    service = dict(unit.items("Service"))
    assert service["Delegate"] == "memory pids"
    assert service["User"] == "forgehand"
    assert service["KillMode"] == "mixed", "else each stop fails the tasks that are in the sandbox"
    stopping = {"RestrictNamespaces", "PrivateUsers", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectProc"}
    assert not set(service) & (stopping | {"ProcSubset", "ProtectHostname", "ProtectControlGroups", "SystemCallFilter"})


def test_the_image_has_the_analysers_and_is_not_root() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements-analysis.txt" in text
    assert "!requirements-analysis.txt" in (ROOT / ".dockerignore").read_text().split()
    assert "bubblewrap" in text
    assert text.index("USER 10001") < text.index("ENTRYPOINT")
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")


def test_the_first_process_of_the_image_buries_the_dead() -> None:
    """Kubernetes brings no such process, and each command in the sandbox leaves one to bury."""
    text = (ROOT / "Dockerfile").read_text()
    assert json.loads(text.split("\nENTRYPOINT ")[1].splitlines()[0]) == ["tini", "--", "forgehand"]
    assert "tini" in text.split(" AS machine\n")[1].split("apt-get install")[1].split("\\")[0].split()


def test_the_last_target_is_python_and_none_runs_as_root() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")[1:]
    names = [(stage.split()[0], stage.split()[2]) for stage in stages]
    assert names[-3:] == [("machine-all", "all"), ("machine-web", "web"), ("machine", "python")]
    users = [re.findall(r"^USER (\w+)$", stage, re.M) for stage in stages[1:]]
    assert users == [["10001"], ["root", "10001"], ["root", "10001"], [], [], []]


def test_the_image_of_all_languages_has_every_package_that_doctor_names() -> None:
    told = "".join(path.read_text() for path in (ROOT / "bot/toolchains").glob("*/programs.py"))
    packages = set(" ".join(re.findall(r"apt-get install ([a-z][a-z +-]+)", told)).split())
    assert {"golang-go", "cargo", "maven", "bats"} <= packages
    brought = {"gcc": "build-essential"}
    assert {brought.get(package, package) for package in packages} <= set((ROOT / "Dockerfile").read_text().split())
