"""Roll out this build over an earlier one while tasks run: ``python -m tests.faults.rolling COMMIT``.

A server of the earlier build, on PostgreSQL, begins all flows. In their midst doors and a worker of this build start,
which upgrades the database under the old server; then that one is asked to end. The last line is one JSON object,
judged as the rounds of ``make faults`` are.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from bench.builds import check_out
from bot.local.hosting import free_port, manifest_rights
from simhub import Hub
from simhub.scripted_model import Script, ScriptedModel
from tests.e2e.scenes import SAMPLE
from tests.faults import answers, flows
from tests.faults.verdict import Verdict, judge
from tests.support import forks
from tests.support.databases import new_postgres, run_postgres
from tests.support.keys import key_pair
from tests.support.story import SECRET, Story

_PATIENCE = 240.0
_BEGUN = 6  # questions to the model, before this build comes


class Elder(Story):
    """A server of an earlier build, whose code lies in ``environment["BUILD"]``."""

    async def start_bot(self) -> None:
        (self.root / "key.pem").write_text(self.app.private_key)
        with (self.root / "bot.log").open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot.cli", "serve"),
                env={**os.environ, **self.settings},
                cwd=self.environment["BUILD"],
                stdout=output,
                stderr=output,
            )
        self.process = cast(forks.Forked, process)
        await self.until(self.is_ready, what="the earlier build is ready")


async def roll(root: Path, url: str, commit: str) -> tuple[Verdict, dict[str, Any]]:
    """Play it once."""
    asked_before: list[int] = []
    for name in ("old", "doors", "worker"):
        (root / name / "data").mkdir(mode=0o700, parents=True)
    script = Script.load(answers.rules(lambda _: None))
    async with ScriptedModel(script) as model, Hub.start(root / "hub") as hub:
        mara = hub.create_user("mara")
        repository = hub.create_repository("octo/sample", source=SAMPLE)
        hub.set_permission(repository, "mara", "admin")
        app = hub.create_app(name="forgehand", webhook_secret=SECRET, key_pair=key_pair(), **manifest_rights())
        environment = {"FORGEHAND_DATABASE_URL": url, "FORGEHAND_SWEEP_MINUTES": "0.5"}
        build = {"BUILD": str(check_out(commit))}
        old = Elder(root / "old", hub, model, app, repository, mara, free_port(), {**environment, **build})
        app.webhook_url = f"http://127.0.0.1:{old.port}/webhook"
        doors = Story(
            root / "doors", hub, model, app, repository, mara, free_port(), {**environment, "FORGEHAND_WORKERS": "0"}
        )
        worker = replace(doors, root=root / "worker", port=free_port(), environment=environment, command="work")
        servers = [old, doors, worker]
        try:
            await old.start_bot()
            hub.install(app, owner="octo", repositories=[repository])
            await hub.settled()
            stream = flows.Stream([old], root, random.Random(0), flows.make)
            await stream.begin(flows.FLOWS)
            begun = stream.begun
            await old.until(lambda: len(script.requests) >= _BEGUN, what="the flows are under way")
            for server in (doors, worker):
                await server.start_bot()
            app.webhook_url = f"http://127.0.0.1:{doors.port}/webhook"
            for flow in begun:
                flow.look()
            ended = sum(flow.ended for flow in begun)
            asked_before.append(len(script.requests))
            await old.stop_bot()
            asked_before.append(len(script.requests))
            async with asyncio.timeout(_PATIENCE):
                while not all(flow.ended for flow in begun):
                    for flow in begun:
                        await flow.go_on()
                    await asyncio.sleep(0.2)
        except TimeoutError:
            pass  # the verdict says what is missing
        finally:
            for server in servers:
                await server.stop_bot()
        return judge(begun, [doors, old, worker], asked_before), {"ended_before": ended, "flows": len(begun)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the build before")
    options = parser.parse_args()
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    root = Path(tempfile.mkdtemp(prefix="forgehand-rolling-"))
    with run_postgres() as server:
        verdict, told = asyncio.run(roll(root, new_postgres(server.url), options.commit))
    forks.close()
    print(*verdict.lines, f"logs: {root}", sep="\n  ")
    print(json.dumps({**verdict.counts, **told}))
    sys.exit(any(verdict.counts.values()))


if __name__ == "__main__":
    main()
