"""The command line as people type it: a process, its words, its exit code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click import Command, Context, Group
from click.testing import CliRunner, Result

from bot.cli import main
from bot.doors.api.catalogue import asked_for
from bot.keys.keeper import Keeper
from bot.local.hosting import free_port
from bot.models.catalogue import Catalogue
from bot.store.keys import KeyOwner
from handlers import TASKS
from simhub.scripted_model import Script, ScriptedModel
from tests.support.models import new_store, scripted_settings
from tests.support.patience import PATIENCE

OPENAI = {"OPENAI_API_KEY": "sk-0123456789"}
COMMANDS = ["serve", "work", "deliver", "demo", "try", "setup", "doctor", "config check", "context", "hub"]
COMMANDS += ["audit", "backup", "restore", "support", "judge-results", "policy promote"]
COMMANDS += ["budget list", "budget set", "budget remove"]
COMMANDS += ["tokens add", "tokens list", "tokens revoke", "tokens room", "completion"]
COMMANDS += [f"keys {name}" for name in ("add", "connect", "list", "test", "rotate", "retire", "reseal")]
COMMANDS += [f"signals {name}" for name in ("add", "list", "rotate", "remove", "test")]
COMMANDS += ["incidents list", "incidents show", "incidents stats"]
COMMANDS += ["tasks list", "tasks show", "tasks cancel", "tasks retry", "tasks approve", "tasks decline"]
COMMANDS += [f"run {spec.name}" for spec in asked_for(TASKS)]


def run(folder: Path, *arguments: str, **environment: str) -> Result:
    """A command with nothing configured but ``environment``."""
    settings: dict[str, str | None] = {name: None for name in os.environ if name.startswith("FORGEHAND_")}
    return CliRunner().invoke(main, arguments, env={**settings, "FORGEHAND_DATA_DIR": str(folder), **environment})


def names_of(group: Group) -> list[str]:
    found = []
    for name in group.list_commands(Context(group)):
        command: Command | None = group.get_command(Context(group), name)
        inner = [f"{name} {each}" for each in names_of(command)] if isinstance(command, Group) else [name]
        found += inner
    return found


def test_a_command_waits_for_nothing_that_it_does_not_use() -> None:
    """A shell asks for completions at every press of a key: the bot itself takes seconds to import."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, bot.cli; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not {"aiohttp", "handlers", "sqlalchemy"} & set(done.stdout.split())


def test_every_command_says_what_it_does(tmp_path: Path) -> None:
    assert sorted(names_of(main)) == sorted(COMMANDS)
    overview = run(tmp_path, "--help").output
    for command in COMMANDS:
        told = run(tmp_path, *command.split(), "--help")
        assert told.exit_code == 0, command
        assert len(re.findall(r"\w{3,}", told.output)) > 12, command
        assert re.search(rf"^  {command.split()[0]} +[A-Z]\w* ", overview, re.M), f"{command} is not introduced"
    assert "Example: forgehand run fix --repo octo/sample --issue 12" in run(tmp_path, "run", "fix", "--help").output
    assert "main try [OPTIONS]" in run(tmp_path, "try", "--help").output
    assert "Example: forgehand hub --port" in " ".join(run(tmp_path, "hub", "--help").output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command"),
        (["serve", "--port", "many"], "not a valid integer"),
        (["try", "--repo", "."], "--issue"),
        (["try", "--repo", "/nowhere", "--issue", "x"], "neither OWNER/NAME nor a folder"),
        (["config", "check"], "FILE"),
        (["hub", "--port", "many"], "--port"),
        (["hub", "--port", "99999999"], "99999999 is no port: 0 to 65535"),
        (["hub", "--repository", "sample"], "sample must look like octo/sample or octo/sample=./checkout"),
        (["hub", "--repository", "octo/sample=/nowhere"], "/nowhere is no folder"),
        (["demo", "--port", "99999999"], "is not in the range 0<=x<=65535"),
        (["run", "fix", "--repo", ".", "--issue", "12"], "no file 12. With a checkout it is a text file"),
    ],
)
def test_wrong_use_is_told_with_exit_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = run(tmp_path, *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_what_the_machine_refuses_is_told_by_its_file(tmp_path: Path) -> None:
    for command in ("backup", "support"):
        refused = run(tmp_path, command, "/nowhere/x")
        assert (refused.exit_code, "Errno" in refused.output, "/nowhere" in refused.output) == (1, False, True)
    assert "/dev/null/x: Not a directory." in run(Path("/dev/null/x"), "tokens", "list").output


def test_wrong_settings_are_named_without_their_values(tmp_path: Path) -> None:
    result = run(tmp_path, "doctor", FORGEHAND_PORT="eighty", FORGEHAND_PRIVATE_KEY="my-secret-words")
    assert result.exit_code == 2
    assert "port:" in result.output
    assert "private_key: not a private key; use the path" in result.output
    assert "my-secret-words" not in result.output


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SWEEP_MINUTES", "0", "sweep_minutes: Input should be greater than 0"),
        ("PORT", "70000", "port: Input should be less than or equal to 65535"),
        ("API_URL", "api.github.com", "api_url: not a URL; it must look like https://github.example.com"),
        ("DATABASE_URL", "mysql://bot:hidden@host/x", "database_url: unsupported database URL; use postgresql://"),
        (
            "PRIVATE_KEY",
            "/nowhere/hidden.pem",
            "private_key: not a private key; use the path of an existing .pem file",
        ),
        ("PRIVATE_KEY", sys.executable, "private_key: its file cannot be read (not a text file)"),
        (
            "BUDGET",
            "{hidden",
            "FORGEHAND_BUDGET must be JSON; docs/configuration.md shows how it looks.",
        ),
        ("BUDGET", '{"dya": 3}', "budget.dya: unknown name"),
        ("BUDGET", '{"task": -1}', "budget.task: Input should be greater than or equal to 0"),
        ("MODELS", '{"big": {"input_prise": 3}}', "models.big.input_prise: unknown name"),
    ],
)
def test_each_wrong_setting_has_its_words(tmp_path: Path, name: str, value: str, said: str) -> None:
    result = run(tmp_path, "doctor", **{f"FORGEHAND_{name}": value})
    assert result.exit_code == 2
    assert said in result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize("text", [b"port: [\n  hidden", b"- hidden\n", b"\xff\xfehidden"])
def test_a_settings_file_that_is_no_settings_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "server.yml").write_bytes(text)
    result = run(tmp_path, "doctor")
    assert result.exit_code == 2
    assert result.output.startswith(str(tmp_path / "server.yml"))
    assert "is not valid YAML of the form `name: value`." in result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budgets: {day: 3}\n", "server.yml has unknown settings: budgets; budgets may be meant as budget."),
        ("FORGEHAND_WORKERS: 2\nzz: 1\n", "FORGEHAND_WORKERS, zz; FORGEHAND_WORKERS may be meant as workers."),
        ("budget: {dya: hidden}\n", "budget.dya: unknown name"),
    ],
)
def test_what_a_settings_file_names_wrongly_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "server.yml").write_text(text)
    result = run(tmp_path, "doctor")
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("FORGEHAND_BUGDET__DAY", "BUDGET"),
        ("FORGEHAND_WORKER", "WORKERS"),
        ("FORGEHAND_WEB_HOOK_SECRET", "WEBHOOK_SECRET"),
    ],
)
def test_a_misspelt_variable_is_refused(tmp_path: Path, variable: str, meant: str) -> None:
    result = run(tmp_path, "doctor", **{variable: "3"})
    assert result.exit_code == 2
    assert f"{variable} is not a setting; rename it to FORGEHAND_{meant}, or unset it." in result.output


def test_variables_of_others_are_no_settings(tmp_path: Path) -> None:
    """Those of the terminal, of scripts, and what Kubernetes sets beside a Service named forgehand."""
    links = {
        "FORGEHAND_SERVICE_HOST": "10.0.0.1",
        "FORGEHAND_SERVICE_PORT_HTTP": "80",
        "FORGEHAND_PORT_80_TCP": "tcp://10.0.0.1:80",
    }
    others = {
        "FORGEHAND_SERVER_URL": "https://x",
        "FORGEHAND_TOKEN": "x",
        "FORGEHAND_TOKEN_FILE": "x",
        "FORGEHAND_VERSION": "7",
    }
    assert "Not set: FORGEHAND_PRIVATE_KEY" in run(tmp_path, "serve", FORGEHAND_APP_ID="7", **links, **others).output
    told = run(tmp_path, "serve", FORGEHAND_PORT="tcp://10.0.0.1:80").output
    assert (
        "port: an address, as Kubernetes sets it beside a Service named forgehand; set enableServiceLinks: false"
        in told
    )


def test_names_in_the_file_are_those_of_the_variables(tmp_path: Path) -> None:
    """Lower case, without the prefix, as docs/configuration.md says; the webhook's secret by both of its names."""
    for name in ("webhook_secret", "webhook_secrets"):
        (tmp_path / "server.yml").write_text(f"{name}: abc\nanthropic_api_key: x\nazure_openai_api_key: y\n")
        told = run(tmp_path, "serve", FORGEHAND_APP_ID="7").output
        assert "Not set: FORGEHAND_PRIVATE_KEY. " in told


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    """As the example for containers has them before they are filled in."""
    (tmp_path / "server.yml").write_text("app_id: 7\n")
    result = run(tmp_path, "serve", FORGEHAND_APP_ID="", FORGEHAND_PUBLIC_URL="", FORGEHAND_PORT="")
    assert "Not set: FORGEHAND_PRIVATE_KEY, FORGEHAND_WEBHOOK_SECRET." in result.output


def test_serve_names_what_is_missing(tmp_path: Path) -> None:
    result = run(tmp_path, "serve", FORGEHAND_APP_ID="7")
    assert result.exit_code == 2
    assert "Not set: FORGEHAND_PRIVATE_KEY, FORGEHAND_WEBHOOK_SECRET. Run `forgehand setup`" in result.output


def test_config_check_shows_what_holds_and_from_where(tmp_path: Path) -> None:
    file = tmp_path / "forgehand.yml"
    file.write_text(
        "fix: { label: mend-me, max_dollars: 900 }\n"
        "review:\n  ignore: ['docs/*']\n  instructions: { 'bot/*': Say why. }\n"
    )
    result = run(tmp_path, "config", "check", str(file), FORGEHAND_BUDGET='{"task": 3}')
    assert result.exit_code == 0, result.output
    assert re.search(r'fix\.label +"mend-me"', result.output)
    assert re.search(r"fix\.max_dollars +3(\.0)? ", result.output)
    assert "bot/cli.py" not in result.output
    result = run(tmp_path, "config", "check", str(file), "--for", "docs/x.md")
    assert "docs/x.md:\n  reviewed: no (review.ignore)\n  instruction: none" in result.output
    assert "instruction: Say why." in run(tmp_path, "config", "check", str(file), "--for", "bot/cli.py").output


@pytest.mark.parametrize(("text", "said"), [(b"fix: { labl: x }\n", "labl"), (b"fix: [\n", "line"), (b"\xff\xfe", "")])
def test_config_check_names_mistakes(tmp_path: Path, text: bytes, said: str) -> None:
    file = tmp_path / "forgehand.yml"
    file.write_bytes(text)
    result = run(tmp_path, "config", "check", str(file))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert said in result.output
    assert result.output.strip()


async def test_config_check_knows_the_models_of_kept_keys(tmp_path: Path) -> None:
    """As the set-up keeps them: in the database, in no setting."""
    file = tmp_path / "forgehand.yml"
    file.write_text("models: { fix: [claude-opus-5-5] }\n")
    assert "not offered by this server; offered: gpt" in run(tmp_path, "config", "check", str(file), **OPENAI).output
    async with ScriptedModel(Script()) as server:
        server.keys = {(secret := "sk-number-one-0123456789"): ""}
        settings = scripted_settings(server, data_dir=tmp_path, anthropic_api_key=None)
        store = new_store(tmp_path, "forgehand.db")
        await Keeper.of(settings, store, Catalogue(settings)).add(KeyOwner(scope="instance"), "anthropic", secret)
        store.close()
    checked = run(tmp_path, "config", "check", str(file), **OPENAI)
    assert checked.exit_code == 0, checked.output


def test_config_check_judges_no_models_where_there_is_no_server(tmp_path: Path) -> None:
    file = tmp_path / "forgehand.yml"
    file.write_text("models: { fix: [claude-opus-5-5] }\n")
    checked = run(tmp_path, "config", "check", str(file))
    assert checked.exit_code == 0, checked.output
    assert not (tmp_path / "forgehand.db").exists(), "looking makes no database"


def test_context_ranks_the_file_that_an_issue_is_about(tmp_path: Path) -> None:
    repository, issue = tmp_path / "repository", tmp_path / "issue.md"
    (repository / "shop").mkdir(parents=True)
    (repository / "shop" / "prices.py").write_text("def parse_price(text):\n    return int(text)\n")
    (repository / "shop" / "mail.py").write_text("def send(address):\n    return address\n")
    issue.write_text("parse_price loses the cents\n\n`parse_price('2.50')` gives 200.\n")
    result = run(tmp_path, "context", "--repo", str(repository), "--issue", str(issue))
    assert result.exit_code == 1
    assert "is not a git repository" in result.output
    for argv in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(repository), *argv], check=True)
    result = run(tmp_path, "context", "--repo", str(repository), "--issue", str(issue))
    assert result.exit_code == 0, result.output
    first, reason = result.output.splitlines()[:2]
    assert first.strip().startswith("1. shop/prices.py")
    assert "parse_price" in reason
    assert "2 files read" in result.output
    result = run(tmp_path, "context", "--repo", str(repository), "--issue", str(issue), "--commit", "nowhere")
    assert (result.exit_code, "no such commit" in result.output) == (1, True)


def test_hub_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    import urllib.request

    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.py").write_text("x = 1\n")
    port = free_port()
    command = [sys.executable, "-m", "tests.support.watched", "bot.cli", "hub", "--port", str(port)]
    command += ["--root", str(tmp_path / "hub"), "--repository", f"octo/sample={tmp_path / 'source'}", "--app", "mybot"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "Stop with" not in said:
                line = process.stdout.readline()
                assert line, f"it ended early: {said}"
                said += line
            assert f"http://127.0.0.1:{port}/api/v3" in said
            assert "App             mybot" in said
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v3/repos/octo/sample") as answer:
                assert b'"octo/sample"' in answer.read()
            again = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            assert again.returncode == 1
            assert "forgehand hub: " in again.stderr
            assert "Traceback" not in again.stderr
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_limits_are_typed_and_told(tmp_path: Path) -> None:
    said = run(tmp_path, "budget", "set", "repository:octo/shop", "month", "12.5").output
    assert "repository:octo/shop month hard: $0.00 paid of $12.50; set by the operator" in said
    assert run(tmp_path, "budget", "set", "person:mara", "day", "1", "--soft").exit_code == 0
    listed = run(tmp_path, "budget", "list", FORGEHAND_TIME_ZONE="Europe/Berlin").output
    assert "instance day hard: $0.00 paid of $50.00; set by the settings (Europe/Berlin)" in listed
    assert "person:mara day soft" in listed
    assert "task:* total hard: $0.00 paid of $5.00; set by the settings" in listed
    assert "organisations' files are not listed. This needs the App: run `forgehand setup` first." in listed
    raised = run(tmp_path, "budget", "set", "instance", "day", "80", "--hours", "2").output
    assert re.match(r"instance day hard: \$0.00 paid of \$80.00; set by the operator, until 20\d\d-.* UTC\n", raised)
    assert run(tmp_path, "budget", "remove", "person:mara", "day", "--soft").exit_code == 0
    for arguments, words in (
        (("budget", "set", "octo/shop", "day", "1"), "repository:OWNER/NAME"),
        (("budget", "set", "task:6f4e387b705", "total", "1"), "task:ID"),  # a digit short: it would limit nothing
        (("budget", "remove", "person:mara", "day"), "There is no such limit"),
    ):
        refused = run(tmp_path, *arguments)
        assert (refused.exit_code, words in refused.output) == (1, True)
    unknown = run(tmp_path, "budget", "list", FORGEHAND_TIME_ZONE="Berlin")
    assert (unknown.exit_code, "time_zone" in unknown.output) == (2, True)
