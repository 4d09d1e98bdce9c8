"""Define the ``forgehand`` command line.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings; ``run`` has more (:class:`bot.terminal.exits.Exit`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click

from bot.settings import Checks, Settings
from bot.terminal.budget import budget
from bot.terminal.completion import completion
from bot.terminal.exits import finish, print_result, print_text, settings_or_exit
from bot.terminal.judging import judge_results
from bot.terminal.keys import keys
from bot.terminal.run import ShortCommand, run
from bot.terminal.setup import setup
from bot.terminal.tasks import tasks
from bot.types import Scope, SourceKind

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="forgehand", message="%(version)s")
def main() -> None:
    """Do verified engineering work as a self-hosted GitHub App.

    Start with `forgehand demo` (no account, no key), then `forgehand setup`, `forgehand doctor`, `forgehand serve`.
    """


def _listens(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of whatever listens."""
    port = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8080]")
    return click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")(port(command))


@main.command()
@_listens
@click.option(
    "--poll",
    is_flag=True,
    default=None,
    help="Read deliveries from GitHub instead of waiting for webhooks (no public URL needed).",
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    help="Tasks that run at once; 0 leaves them to `forgehand work`.  [default: 4]",
)
def serve(**given: Any) -> None:
    """Run the bot: receive webhooks, do the work, publish it on GitHub."""
    from bot.serving import serve as run

    settings = settings_or_exit(**{key: value for key, value in given.items() if value is not None})
    finish(lambda: run(settings))


@main.command()
@_listens
@click.option("--workers", type=click.IntRange(1), help="Tasks that run at once.  [default: 4]")
def work(**given: Any) -> None:
    """Do the work that `forgehand serve --workers 0` takes in, on any machine.

    It needs the same PostgreSQL and the same secrets. Only /healthz and /readyz are answered.
    """
    from bot.serving import work as run

    settings = settings_or_exit(**{key: value for key, value in given.items() if value is not None})
    finish(lambda: run(settings))


@main.command()
@click.option(
    "--trust-code",
    is_flag=True,
    help="Where bubblewrap is missing: run the repository's code and the model's shell commands unprotected.",
)
@click.option(
    "--language",
    default="python",
    show_default=True,
    metavar="NAME",
    help="Language of the sample: cpp, go, java, node, ruby, rust.",
)
@click.option("--exit", "leave", is_flag=True, help="End when the work is done instead of keeping the pages open.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the simulated GitHub.  [default: any free one]"
)
@click.option("--plain", is_flag=True, help="Print lines instead of a live view.")
def demo(language: str, trust_code: bool, leave: bool, port: int, plain: bool) -> None:
    """Watch a labelled issue become a verified pull request.

    Everything runs on this machine, against a simulated GitHub. The model's answers are recorded, unless
    ANTHROPIC_API_KEY or OPENAI_API_KEY is set.
    """
    from bot.local.demo import list_languages, run

    if language not in (known := list_languages()):
        raise click.UsageError(f"There is no sample in {language}. There is one in {', '.join(known)}.")
    finish(lambda: run(language=language, trust_code=trust_code, leave=leave, port=port, plain=plain))


@main.command()
@click.argument("event", type=_FILE)
@click.option("--name", required=True, help="Name of the event, such as issues or pull_request.")
@click.option("--id", "guid", required=True, help="What the event is known by; the same one is the same task.")
@click.option("--report", required=True, type=click.Path(path_type=Path), help="Where to write the outcome, as JSON.")
@click.option("--ask", type=_FILE, help="A task to do instead of what the event asks for, as JSON.")
def deliver(event: Path, name: str, guid: str, report: Path, ask: Path | None) -> None:
    """Do what one EVENT of GitHub asks for, then end.

    The GitHub Action runs it in a workflow; FORGEHAND_GITHUB_TOKEN holds the repository's token.
    """
    from bot.local.delivery import run

    finish(lambda: run(event=event, name=name, guid=guid, report=report, ask=ask))


@main.command()
@click.option("--repo", type=_FOLDER, help="Say instead what would be done with this checkout.")
@click.option("--run", "tests", is_flag=True, help="With --repo: install and test a copy of it in the sandbox.")
def doctor(repo: Path | None, tests: bool) -> None:
    """Check the installation; each line says what to do.

    Key, clock, webhook, permissions, database, sandbox, toolchains and models are checked. Each model is asked a few
    tiny questions, and what they cost is told.
    """
    from bot.doctor.report import run, run_on_repository

    settings = settings_or_exit()
    if repo is None:
        if tests:
            raise click.UsageError("--run needs --repo.")
        finish(lambda: run(settings))
    finish(lambda: run_on_repository(repo.resolve(), _read_checks(repo), settings, tests=tests))


@main.command()
@click.argument("file", type=_NEW_FILE)
def backup(file: Path) -> None:
    """Write the database and the settings into one FILE, without secrets.

    The server may be running. Keys and tokens stay out of it: keep them apart.
    """
    from bot.upkeep.backup import back_up

    settings = settings_or_exit()
    finish(lambda: print_text(back_up(settings, file)))


@main.command()
@click.argument("file", type=_FILE)
def restore(file: Path) -> None:
    """Restore the backup in FILE into an empty data directory or database.

    Keys and tokens are to be set again; the answer names them.
    """
    from bot.upkeep.backup import restore as run

    settings = settings_or_exit()
    finish(lambda: print_text(run(settings, file)))


@main.command()
@click.argument("file", type=_NEW_FILE)
def support(file: Path) -> None:
    """Write what helps others to help into one FILE, as JSON to read first.

    Settings, findings of `doctor`, versions, sizes and counts are in it; secrets, code and texts are not.
    """
    from bot.doctor.support import write_bundle

    settings = settings_or_exit()
    finish(lambda: print_result(write_bundle(settings, file)))


@main.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was on this day (UTC) or later.")
@click.option("--repository", metavar="OWNER/NAME", help="Only what was about this repository.")
@click.option("--actor", metavar="LOGIN", help="Only what was decided about, or done for, this account.")
@click.option("--task", metavar="ID", help="Only what was about this task.")
def audit(since: datetime | None, **given: str | None) -> None:
    """Print decisions and writes on GitHub as lines of JSON, oldest first.

    A write is there before it is sent; one whose `status` is null was perhaps made, as its answer never came.
    """
    from bot.doors.trail import export
    from bot.store.trail import TrailFilter

    settings = settings_or_exit()
    first = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    finish(lambda: export(settings, TrailFilter(first, **given), click.echo))


@main.group()
def config() -> None:
    """Inspect a repository's configuration, .github/forgehand.yml."""


@config.command("check")
@click.argument("file", type=_FILE)
@click.option("--for", "path", help="Show also what holds for this path of the repository.")
def config_check(file: Path, path: str | None) -> None:
    """Print the effective value of every key of FILE and its origin.

    Exits with 1 if FILE is invalid.
    """
    from bot.policy import describe, parse_policy
    from handlers import TASKS

    settings = settings_or_exit()

    def check() -> bool:
        parsed = parse_policy(_text(file), settings, TASKS.schema, _list_offered(settings))
        return print_text(describe(parsed, TASKS.schema, path))

    finish(check)


@main.group()
def policy() -> None:
    """Work with an organisation's file, forgehand.yml in .github."""


@policy.command("promote")
@click.argument("repository", metavar="OWNER/NAME")
def policy_promote(repository: str) -> None:
    """Open the pull request that moves a repository from the pilot to on.

    It carries what became of the pilot's pull requests. People merge it, or not.
    """
    from bot.doors.promoting import open_promotion
    from handlers import TASKS

    settings = settings_or_exit()
    finish(lambda: print_result(open_promotion(settings, repository, tuple(TASKS.schema.sections))))


@main.group()
def incidents() -> None:
    """Look at incidents: what broke, what was done, how long it took."""


@incidents.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are closed.")
def incidents_list(every: bool) -> None:
    """Print every open incident's id, state, issue, count and title."""
    from handlers.incident.report import list_incidents

    settings = settings_or_exit()
    finish(lambda: print_text(list_incidents(settings, every=every)))


@incidents.command("show")
@click.argument("incident_id", metavar="ID")
def incidents_show(incident_id: str) -> None:
    """Print the story of the incident with this ID, from records only."""
    from handlers.incident.report import show_incident

    settings = settings_or_exit()
    finish(lambda: print_text(show_incident(settings, incident_id)))


@incidents.command("stats")
@click.option("--days", type=click.IntRange(1, 180), default=90, show_default=True, help="How far to look back.")
def incidents_stats(days: int) -> None:
    """Print how long troubles lasted, by class.

    From the first signal to the evidence that they are over.
    """
    from handlers.incident.report import measure_times

    settings = settings_or_exit()
    finish(lambda: print_text(measure_times(settings, days)))


@main.group()
def tokens() -> None:
    """Manage the tokens of the REST API."""


@tokens.command("add")
@click.option("--account", required=True, help="Login of the GitHub account that it acts for.")
@click.option("--name", required=True, help="What it is for, to find it again by.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(get_args(Scope)),
    default=("read", "run"),
    show_default=True,
    help="What it may do; several times for several.",
)
@click.option(
    "--repository", "repositories", multiple=True, help="OWNER/NAME it is good for; several times for several."
)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="When it expires.")
def tokens_add(account: str, name: str, **given: Any) -> None:
    """Make a token and print it, once.

    It may never do more than its account may at that moment. Example: forgehand tokens add --account maria --name ci
    """
    from bot.doors.api.admin import add_token

    settings = settings_or_exit()
    finish(lambda: print_result(add_token(settings, account, name, **given)))


@tokens.command("list")
def tokens_list() -> None:
    """Print every token's id, account, scopes, expiry and last use."""
    from bot.doors.api.admin import list_tokens

    settings = settings_or_exit()
    finish(lambda: print_text(list_tokens(settings)))


@tokens.command("revoke")
@click.argument("token_id", metavar="ID")
def tokens_revoke(token_id: str) -> None:
    """Revoke the token with this ID, as the list shows it.

    It is refused from the next request on.
    """
    from bot.doors.api.admin import revoke_token

    settings = settings_or_exit()
    finish(lambda: print_text(revoke_token(settings, token_id)))


@tokens.command("room")
def tokens_room() -> None:
    """Make a new token of the control room's administrator; print it once.

    The one before is refused from then on, and whoever signed in with it is signed out.
    """
    from bot.doors.api.admin import replace_local_token

    settings = settings_or_exit()
    finish(lambda: print_text(replace_local_token(settings)))


@main.group()
def signals() -> None:
    """Manage the sources of signals: monitors, error trackers and CI."""


@signals.command("add")
@click.argument("kind", type=click.Choice(get_args(SourceKind)))
@click.option("--repo", "repository", required=True, metavar="OWNER/NAME", help="The repository that it is about.")
@click.option("--name", help="What it is called in the list.  [default: the kind]")
@click.option("--secret-file", type=_FILE, help="A file with the secret, where the sender makes it.")
def signals_add(kind: SourceKind, repository: str, **given: Any) -> None:
    """Add a source and print what to enter at the sender, once.

    Example: forgehand signals add alertmanager --repo octo/shop
    """
    from bot.doors.signals.admin import add_source

    settings = settings_or_exit()
    finish(lambda: print_result(add_source(settings, kind, repository, **given)))


@signals.command("list")
def signals_list() -> None:
    """Print every source's id, kind, repository and when it was last heard."""
    from bot.doors.signals.admin import list_sources

    settings = settings_or_exit()
    finish(lambda: print_text(list_sources(settings)))


@signals.command("rotate")
@click.argument("source_id", metavar="ID")
@click.option("--secret-file", type=_FILE, help="A file with the secret, where the sender makes it.")
@click.option("--drop-old", is_flag=True, help="Take only the newest secret from now on.")
def signals_rotate(source_id: str, **given: Any) -> None:
    """Give the source with this ID another secret.

    The one before is taken too, until it is dropped.
    """
    from bot.doors.signals.admin import rotate_source

    settings = settings_or_exit()
    finish(lambda: print_result(rotate_source(settings, source_id, **given)))


@signals.command("remove")
@click.argument("source_id", metavar="ID")
def signals_remove(source_id: str) -> None:
    """Remove the source with this ID; what it sends is refused."""
    from bot.doors.signals.admin import remove_source

    settings = settings_or_exit()
    finish(lambda: print_text(remove_source(settings, source_id)))


@signals.command("test")
@click.argument("url")
def signals_test(url: str) -> None:
    """Send a signed sample that says nothing to a source's URL.

    It must be the address that `add` printed, and the server must run.
    """
    from bot.doors.signals.admin import test_source

    settings = settings_or_exit()
    finish(lambda: print_result(test_source(settings, url)))


@main.command()
@click.option("--repo", required=True, type=_FOLDER, help="A git checkout or bare repository.")
@click.option("--issue", required=True, type=_FILE, help="A text file: title in the first line, then the body.")
@click.option("--commit", default="HEAD", help="The commit to look at.", show_default=True)
def context(repo: Path, issue: Path, commit: str) -> None:
    """Rank the files of a repository for an issue, with reasons.

    Calls no model.
    """
    from bot.context.report import rank_files

    settings = settings_or_exit()
    finish(lambda: print_result(rank_files(repo, commit, _text(issue), settings.data_dir / "index")))


@main.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def hub(arguments: tuple[str, ...]) -> None:
    """Run the simulated GitHub alone, to test any bot against it.

    `forgehand hub --help` shows its options.
    """
    from simhub.__main__ import main as run

    sys.exit(run(arguments, prog="forgehand hub"))


def _read_checks(repo: Path) -> Checks:
    """Read how a checkout's own policy has it installed and tested."""
    from bot.policy import PATH, default_policy, parse_policy
    from handlers import TASKS

    settings = settings_or_exit()
    file = repo / PATH
    if not file.is_file():
        return default_policy(settings, TASKS.schema).checks
    return parse_policy(_text(file), settings, TASKS.schema, _list_offered(settings)).checks


def _list_offered(settings: Settings) -> set[str]:
    """List the models of this machine's server.

    Those of kept keys are in it. Without a server there are none.
    """
    from bot.doctor.keys import list_providers
    from bot.models.catalogue import Catalogue

    catalogue = Catalogue(settings)
    if settings.database_url or (settings.data_dir / "forgehand.db").is_file():  # looking would make one
        catalogue.keyed = list_providers(settings)
    return catalogue.offered()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


short = ShortCommand("try", run, "fix", "Fix an issue of a checkout: short for `forgehand run fix`.")
for command in (run, short, tasks, setup, keys, budget, completion, judge_results):
    main.add_command(command)

if __name__ == "__main__":
    main()
