"""How many order-dependent tests 20 shuffled orders show, and how many stable tests are wrongly called flaky.

``python -m bench.flaky [--mirrors DIR] [--only NAME ...]``. DIR (default ``.bench/mirrors``) holds bare clones
``owner+name/repo`` of the projects below; those that are not there are left out, and said to be. What is listed is from
IDoFT (https://github.com/TestingResearchIllinois/idoft, py-data.csv), by pinned commits. A listed test counts where it
passes here in the order that the suite has. An unlisted one with both outcomes is examined as ``/flaky`` would; it
counts as wrongly called where that says flaky. The last line is JSON: listed, shown, stable, called_flaky.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bot.flakiness.experiments import SEEDS, SHUFFLED, find_cause, run_all_orders, run_alone
from bot.flakiness.records import Orders, Plan
from bot.flakiness.runner import run_orders
from bot.git.changes import NO_CHANGES
from bot.git.mirrors import Mirror
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.test_history.names import normalise
from bot.toolchains.repository import make_toolchain
from bot.types import ForgehandError
from bot.work.workshop import Workshop

_LISTS = "TestingResearchIllinois+idoft"
_SECONDS = 1_800.0


_SMOREST = (
    "python -m pip install -q -e . 'flask<2.1' 'werkzeug<2.1' 'marshmallow<3.15' 'webargs<8.1' 'apispec<5.2' pytest"
)


class Project(NamedTuple):
    """A project at the commit that IDoFT names, and what its tests need today."""

    name: str
    sha: str
    setup: str | None = None


PROJECTS = (
    Project("dmytrostriletskyi/accessify", "6b7cf8657ffe18cd6a43c6cfb73b071084f0331e"),
    Project("spulec/freezegun", "b46da782a7a051081fd51577749cfc0074db0cc6"),
    Project(
        "kade-robertson/config-better", "c14638da3fe95a669a04db2602e1f6ea15591c36", "python -m pip install -q pytest"
    ),
    Project("marshmallow-code/flask-smorest", "02e9e84def5ace80522c76b830fbef9930a28771", _SMOREST),
    Project("microsoft/knack", "dc7b7d857ce3c11b2a3155b81f2470b3b579e7c9"),
    Project("didix21/mdutils", "2ef859ecc1e4f1a3e24f4150c96f61180bc57ceb", "python -m pip install -q -e . pytest"),
    Project(
        "thegetty/crom",
        "98bb6be4e32b4c81eb7e0b5e841a915b015abaf0",
        "python -m pip install -q -r requirements.txt pytest",
    ),
)


def find_mirror(mirrors: Path, name: str) -> Path | None:
    """Return the git directory of a clone, None where there is none."""
    folder = mirrors / name.replace("/", "+") / "repo"
    return next((one for one in (folder / ".git", folder) if (one / "objects").is_dir()), None)


def read_listed(mirrors: Path, project: Project) -> set[str]:
    """Return the order-dependent tests that IDoFT lists of a project's commit."""
    lists = find_mirror(mirrors, _LISTS)
    if lists is None:
        raise SystemExit(f"{_LISTS} is not among the mirrors: without it nothing is listed.")
    text = subprocess.run(
        ["git", f"--git-dir={lists}", "show", "HEAD:py-data.csv"], capture_output=True, text=True, check=True
    )
    rows = list(csv.reader(io.StringIO(text.stdout)))
    return {
        normalise(row[2])
        for row in rows
        if row[0].lower().endswith(f"/{project.name}".lower()) and row[1] == project.sha and row[3].startswith("OD")
    }


def make_workshop(folder: Path, git_dir: Path, project: Project) -> Workshop:
    """Return a workshop at the project's commit."""
    sandbox, settings = Bubblewrap(), Settings()

    async def mirror() -> Mirror:
        return Mirror(git_dir, "http://127.0.0.1", f"http://127.0.0.1/{project.name}.git")

    checks = Checks(setup=project.setup) if project.setup else Checks()
    return Workshop(folder, mirror, project.sha, sandbox, lambda tree: make_toolchain(sandbox, checks, tree, settings))


async def measure(mirrors: Path, project: Project, total: Counter[str]) -> None:
    """Run a project's orders, and add what they show to the total."""
    git_dir = find_mirror(mirrors, project.name)
    if git_dir is None:
        print(f"{project.name}: left out, it is not among the mirrors", flush=True)
        return
    listed = read_listed(mirrors, project)
    with tempfile.TemporaryDirectory(prefix="forgehand-bench-") as folder:
        workshop = make_workshop(Path(folder) / "work", git_dir, project)
        began = time.monotonic()
        plan = Plan(orders=(None, *SEEDS), enough=1 + SHUFFLED, seconds=_SECONDS, each=_SECONDS / 4)
        orders = await run_orders(workshop, NO_CHANGES, plan)
        if not orders.runs or orders.runs[0].order is not None:
            print(f"{project.name}: no usable run. {orders.problem[-600:]}", flush=True)
            return
        here = [one for one in orders.tests if orders.runs[0].passed(one)]
        mixed = {one for one in here if any(run.failed(one) for run in orders.runs)}
        ours = [one for one in here if normalise(one) in listed]
        others = [one for one in here if normalise(one) not in listed]
        called = [one for one in sorted(mixed & set(others)) if await is_called(workshop, one)]
        shown = mixed & set(ours)
        total.update(listed=len(ours), shown=len(shown), stable=len(others), called_flaky=len(called))
        tell(project, orders, listed, ours, shown, others, called, time.monotonic() - began)


async def is_called(workshop: Workshop, test: str) -> bool:
    """Examine a test as ``/flaky`` does, and say whether it is called flaky."""
    limits = Limits(seconds=300)
    alone = await run_alone(workshop, test, 10, limits)
    found = await find_cause(workshop, await run_all_orders(workshop, test, alone, 600), 600, limits)
    print(f"  not listed, both outcomes: {test}: {found.kind}: {found.reason} {found.commands[0]}", flush=True)
    return found.flaky


def tell(
    project: Project,
    orders: Orders,
    listed: set[str],
    ours: list[str],
    shown: set[str],
    others: list[str],
    called: list[str],
    seconds: float,
) -> None:
    """Print the figures of one project."""
    whole = len(orders.runs) - 1
    print(
        f"{project.name}: {len(listed)} listed, {len(ours)} of them pass here, {len(shown)} shown in {whole} orders "
        f"({orders.died} died); {len(others)} others, {len(called)} called flaky; {seconds:.0f} s",
        flush=True,
    )
    for one in ours:
        if one not in shown:
            print(f"  not shown: {one}", flush=True)


async def run(mirrors: Path, only: list[str]) -> None:
    total: Counter[str] = Counter(listed=0, shown=0, stable=0, called_flaky=0)
    for project in PROJECTS:
        if not only or project.name.rpartition("/")[2] in only:
            try:
                await measure(mirrors, project, total)
            except ForgehandError as error:
                print(f"{project.name}: {error.message[-1500:]}", flush=True)
    print(json.dumps(dict(total)))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.flaky")
    parser.add_argument("--mirrors", type=Path, default=Path(".bench/mirrors"))
    parser.add_argument("--only", nargs="+", default=[])
    asked = parser.parse_args()
    asyncio.run(run(asked.mirrors, asked.only))


if __name__ == "__main__":
    main()
