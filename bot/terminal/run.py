"""Define ``forgehand run``: a command for each task, made from its declaration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource

from bot.settings import ResultFormat
from bot.terminal.exits import finish
from bot.terminal.server import find_server, server_options

if TYPE_CHECKING:
    from bot.dispatch.spec import TaskSpec

_NAME = re.compile(r"[A-Za-z0-9][\w-]*/(?!\.\.?$)[\w.-]+", re.ASCII)
_OWN = frozenset({"repository", "number"})  # fields of the body that have options of their own
_SUBJECTS = {
    "issue": "Number of the issue. With a PATH: a text file, title in the first line, then the body; - reads it here.",
    "pull": "Number of the pull request. With a PATH: a branch of it, or BASE..BRANCH.",
}
_SUBJECT_FLAGS = {"issue": "--issue", "pull": "--pr"}
_ON_SERVER = "With OWNER/NAME"
_ON_CHECKOUT = "With a PATH"
_SECTIONS = {
    "server": _ON_SERVER,
    "token_file": _ON_SERVER,
    "test": _ON_CHECKOUT,
    "setup": _ON_CHECKOUT,
    "results": _ON_CHECKOUT,
    "trust_code": _ON_CHECKOUT,
    "stay": _ON_CHECKOUT,
}


class TaskGroup(click.Group):
    """The commands of all tasks that people may ask for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_tasks())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        spec = _tasks().get(cmd_name)
        return None if spec is None else _make_command(spec)


class TaskCommand(click.Command):
    """A command whose help has a section for each kind of repository."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(_SECTIONS.get(param.name or "", "Options"), []).append(record)
        for title in ("Options", _ON_SERVER, _ON_CHECKOUT):
            with formatter.section(title):
                formatter.write_dl(sections[title])


class ShortCommand(click.Command):
    """A short word for the command of one task."""

    def __init__(self, name: str, group: click.Group, task: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._group = group
        self._task = task

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the command that it stands for."""
        command = self._group.get_command(click.Context(self._group), self._task)
        assert command is not None, f"there is no task {self._task}"
        return command.make_context(info_name, args, parent, **extra)


@click.group(cls=TaskGroup, subcommand_metavar="TASK --repo OWNER/NAME|PATH [OPTIONS]")
def run() -> None:
    """Ask for a task and follow it to its end.

    With --repo OWNER/NAME a server does it, asked over its REST API. With --repo PATH this machine does, on the HEAD of
    a local checkout and with your own model: the same pipeline, the same checks.

    Exit codes: 0 done, 1 failed or cancelled, 2 wrong usage, 3 not verified, 4 refused, 5 server not reached, 6 it
    waits for a person, 130 Ctrl-C.
    """


def _tasks() -> dict[str, TaskSpec[Any]]:
    from bot.doors.api.catalogue import asked_for
    from handlers import TASKS

    return {spec.name: spec for spec in asked_for(TASKS)}


def _make_command(spec: TaskSpec[Any]) -> click.Command:
    from bot.doors.api.starting import make_body
    from bot.terminal.arguments import options_of

    fields = {name: field for name, field in make_body(spec).model_fields.items() if name not in _OWN}
    return TaskCommand(
        spec.name,
        params=[_repo_option(), *_subject_options(spec), *options_of(fields), *_common_options()],
        callback=click.pass_context(partial(_run, spec=spec, fields=fields)),
        help=f"{spec.summary}\n\n{spec.details}\n\n{_example(spec)}",
        short_help=spec.summary,
    )


def _repo_option() -> click.Option:
    words = "A repository of a server, or the folder of a checkout (./a/b, where a/b would be a repository)."
    return click.Option(["--repo"], required=True, metavar="OWNER/NAME|PATH", help=words)


def _subject_options(spec: TaskSpec[Any]) -> list[click.Option]:
    return [
        click.Option([flag, kind], metavar="SUBJECT", help=_SUBJECTS[kind])
        for kind, flag in _SUBJECT_FLAGS.items()
        if kind in spec.subjects
    ]


def _common_options() -> list[click.Option]:
    results = click.Choice(get_args(ResultFormat))
    return [
        click.Option(["--json", "as_json"], is_flag=True, help="Print the result as the API gives it."),
        click.Option(["--plain"], is_flag=True, help="Print a line for each event instead of a live view."),
        *server_options(),
        click.Option(
            ["--test"], help="The command that runs the tests: 'pytest -q {tests}'.  [default: found by looking]"
        ),
        click.Option(["--setup"], help="The command that installs the repository.  [default: found by looking]"),
        click.Option(["--results"], type=results, help="How --test reports.  [default: junit]"),
        click.Option(
            ["--trust-code"],
            is_flag=True,
            help="Where bubblewrap is missing: run the repository's code and the model's shell commands unprotected.",
        ),
        click.Option(["--stay"], is_flag=True, help="Keep the pages of the simulated GitHub open until Ctrl-C."),
    ]


def _example(spec: TaskSpec[Any]) -> str:
    """Return a line that shows how it is typed."""
    subject = next((f" {flag} 12" for kind, flag in _SUBJECT_FLAGS.items() if kind in spec.subjects), "")
    return f"Example: forgehand run {spec.name} --repo octo/sample{subject}"


def _run(ctx: click.Context, *, spec: TaskSpec[Any], fields: Mapping[str, Any], **values: Any) -> None:
    from bot.terminal.arguments import given_of
    from bot.terminal.asking import Wish, ask_checkout, ask_server

    place = _find_place(values["repo"])
    wish = Wish(spec, given_of(fields, values), as_json=values["as_json"], plain=values["plain"])
    subject = _find_subject(spec, values)
    _check_section(ctx, _ON_CHECKOUT if isinstance(place, str) else _ON_SERVER, place)
    if isinstance(place, str):
        number = None if subject is None else _number(subject)
        finish(lambda: ask_server(wish, place, number, *find_server(values["server"], values["token_file"])))
    checks = {name: values[name] for name in ("setup", "test", "results") if values[name] is not None}
    trust = values["trust_code"]
    finish(lambda: ask_checkout(wish, place, subject, checks=checks, trust=trust, stay=values["stay"]))


def _find_place(repo: str) -> str | Path:
    """Return the name of a repository, or the folder of a checkout."""
    if _NAME.fullmatch(repo):
        return repo
    folder = Path(repo).expanduser()
    if not folder.is_dir():
        raise click.BadParameter(f"{repo} is neither OWNER/NAME nor a folder.", param_hint="--repo")
    return folder


def _find_subject(spec: TaskSpec[Any], values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the kind of what the task is about, and what was given for it."""
    flags = [flag for kind, flag in _SUBJECT_FLAGS.items() if kind in spec.subjects]
    given = [(kind, values[kind]) for kind in _SUBJECT_FLAGS if values.get(kind) is not None]
    if len(given) > 1:
        raise click.UsageError("Give one of --issue and --pr.")
    reported = spec.report is not None and values[spec.report] is not None
    if not given and not reported and ("repository" not in spec.subjects or spec.report is not None):
        ways = [*flags, *([f"--{spec.report}"] if spec.report is not None else [])]
        raise click.UsageError(f"What is it about? Give {' or '.join(ways)}.")
    return given[0] if given else None


def _number(subject: tuple[str, str]) -> int:
    kind, text = subject
    if not text.removeprefix("#").isdecimal():
        hint = _SUBJECT_FLAGS[kind]
        raise click.BadParameter(f"{text} is not a number. For a file or branch, --repo is a PATH.", param_hint=hint)
    return int(text.removeprefix("#"))


def _check_section(ctx: click.Context, other: str, place: str | Path) -> None:
    """Refuse options that are of no use for this kind of repository."""
    for name, section in _SECTIONS.items():
        if section == other and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{flag} goes {other[:1].lower()}{other[1:]} only; {place} is none.")
