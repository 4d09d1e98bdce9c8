"""The tiers without isolation, and which one a server gets."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from bot.sandbox.port import Limits, Mount, SandboxRefused
from bot.sandbox.process import NoSandbox, Process, replace_paths
from bot.sandbox.processes import kill_marked
from bot.sandbox.tiers import choose_sandbox
from bot.settings import Settings
from tests.support.processes import running, without_namespaces


def _counted(ended: str) -> float:
    return REGISTRY.get_sample_value("forgehand_sandbox_runs_total", {"tier": "process", "ended": ended}) or 0.0


async def test_process_refuses_code_nobody_vouched_for(workspace: Path) -> None:
    with pytest.raises(SandboxRefused, match="--trust-code"):
        await Process(trust_code=False).run(["true"], workspace)
    assert "--trust-code" in (await Process(trust_code=False).probe() or "")


async def test_none_runs_nothing_and_says_why(workspace: Path) -> None:
    with pytest.raises(SandboxRefused, match=r"No repository code runs here\. bwrap is not here"):
        await NoSandbox("bwrap is not here").run(["touch", "x"], workspace)
    assert list(workspace.iterdir()) == []


async def test_process_scrubs_the_environment_and_shows_mounts_at_their_real_place(
    workspace: Path, tmp_path: Path
) -> None:
    secret = secrets.token_hex(16)
    os.environ["OPENAI_API_KEY"] = secret
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "answer").write_text("42\n")
    try:
        result = await Process(trust_code=True).run(
            ["/bin/sh", "-c", "env; cat /env/answer; pwd; ls /environment"],
            workspace,
            mounts=[Mount(source=tmp_path / "deps", target="/env")],
            env={"PATH": "/env/bin:/usr/bin:/bin", "ROOT": "/work/src"},
        )
    finally:
        del os.environ["OPENAI_API_KEY"]
    assert secret not in result.output
    assert f"PATH={tmp_path}/deps/bin:/usr/bin:/bin\n" in result.output
    assert f"ROOT={workspace}/src\n" in result.output
    assert f"42\n{workspace}\n" in result.output
    assert "/environment" in result.output


async def test_process_kills_its_whole_tree_at_the_limit(workspace: Path) -> None:
    word = f"85{secrets.randbelow(10**7)}"
    before = _counted("timeout")
    result = await Process(trust_code=True).run(
        ["/bin/sh", "-c", f"setsid sleep {word} & sleep {word} & sleep {word}"], workspace, limits=Limits(seconds=1)
    )
    assert result.ended == "timeout"
    assert running(f"sleep {word}") == []
    assert _counted("timeout") == before + 1


async def test_process_does_not_wait_for_a_background_child(workspace: Path) -> None:
    word = f"84{secrets.randbelow(10**7)}"
    result = await Process(trust_code=True).run(["/bin/sh", "-c", f"setsid sleep {word} & exit 3"], workspace)
    assert (result.exit_code, result.ended) == (3, "exit")
    assert running(f"sleep {word}") == []


def test_what_a_run_left_in_a_session_of_its_own_is_found_by_its_mark() -> None:
    """Where no cgroup holds it: an ordinary user may make none."""
    word = f"86{secrets.randbelow(10**7)}"
    environment = {"PATH": "/usr/bin:/bin", "MARK": word}
    subprocess.run(["/bin/sh", "-c", f"setsid sleep {word} & exit 0"], env=environment, check=True)
    kill_marked(f"MARK={word}0")
    assert len(running(word)) == 1
    kill_marked(f"MARK={word}")
    assert running(word) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/env/bin/python", "/real/bin/python"),
        ("--editable=/work", "--editable=/tree"),
        ("/env:/work/src", "/real:/tree/src"),
        ("cat '/work/a' \"/env\"", "cat '/tree/a' \"/real\""),
        ("/environment /envy /x/env /work.bak", "/environment /envy /x/env /work.bak"),
    ],
)
def test_only_whole_paths_are_rewritten(text: str, expected: str) -> None:
    assert replace_paths(text, {"/env": Path("/real"), "/work": Path("/tree")}) == expected


@pytest.mark.needs("sandbox")
async def test_auto_takes_bubblewrap_where_it_works() -> None:
    assert (await choose_sandbox(Settings(sandbox="auto"))).tier == "bubblewrap"


@pytest.mark.needs("sandbox")
def test_auto_takes_nothing_where_namespaces_are_refused() -> None:
    script = (
        "import asyncio; from bot.sandbox.tiers import choose_sandbox; from bot.settings import Settings\n"
        "for trust in (False, True):\n"
        "    sandbox = asyncio.run(choose_sandbox(Settings(sandbox='auto', trust_code=trust)))\n"
        "    print(sandbox.tier, asyncio.run(sandbox.probe()))\n"
    )
    done = subprocess.run(without_namespaces(sys.executable, "-c", script), capture_output=True, text=True, check=True)
    refusing, trusting = done.stdout.splitlines()
    assert refusing.startswith("none bubblewrap could not start: ")
    assert "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in refusing
    assert trusting == "process None"


@pytest.mark.parametrize("tier", ["bubblewrap", "process", "none"])
async def test_a_tier_asked_for_by_name_is_given(tier: str) -> None:
    assert (await choose_sandbox(Settings(sandbox=tier))).tier == tier
