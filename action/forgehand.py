"""Run Forgehand in a workflow: this is what the GitHub Action starts.

Mode *server* asks a server for a task, as the run's own identity, and follows it. Mode *local* runs the whole bot on
the runner for the one event. Only the standard library is needed, from Python 3.9 on; the bot itself needs 3.11.

Everything that others wrote (a server's answer, an issue, a model's words) is printed by :class:`Log`, where no line of
it can be a command to the runner. Outputs are ours or have a form that is checked here.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

ROOT = Path(__file__).resolve().parent.parent
_LOCKS = (ROOT / "requirements.txt", ROOT / "action" / "uv.txt")
_DOCUMENT = ROOT / "docs" / "openapi.json"
_API = "/api/v1"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SUMMARY_BYTES = 900 * 1024  # the runner refuses summaries above 1 MiB
_MOST_BYTES = 16 * 1024 * 1024  # of an answer
_SECONDS = 60.0  # without a sign of life; a stream of events has one every 15 s
_PAUSES = (1.0, 3.0, 9.0, 20.0)  # before asking again
_LONGEST_PAUSE = 60.0
_LOG_LINES = 40
_ANTHROPIC = "https://api.anthropic.com"  # the audience of tokens that Anthropic exchanges
_RENEWED = 60.0  # seconds: a token of the run lives for five minutes, and is good for one exchange
_SETTINGS_ARE_WRONG = 2  # an exit code of the bot's
_NAME = re.compile(r"[a-z][a-z-]{0,40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_TASK_ID = re.compile(r"[0-9a-f]{12}")
_MONEY = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")
_PULL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/pull/[0-9]+")
_COMMAND = re.compile(r"/([a-z][a-z-]{0,40})(?:[ \t]+(.*))?")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_PASSING = frozenset({"BudgetExceeded", "ModelBusy", "ModelDown", "ModelQuota", "GitHubDown", "RateLimited"})
_WAITING = frozenset({"awaiting_answer", "awaiting_approval", "awaiting_key"})
_STATES = frozenset({"queued", "running", "done", "unverified", "refused", "failed", "cancelled", "dead"}) | _WAITING
_TASK_OF_EVENT = {"issues": "fix", "pull_request": "review"}
_COMMENTS = frozenset({"issue_comment", "pull_request_review_comment"})
_LEVELS = ("never", "refused", "failed", "unverified", "anything")
_NOT_FOR_THE_BOT = ("ACTIONS_", "GITHUB_", "INPUT_", "RUNNER_", "PYTHON")
_KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")
_FEDERATION = ("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID")
_MODELS = (*_KEYS, *_FEDERATION, "ANTHROPIC_SERVICE_ACCOUNT_ID", "ANTHROPIC_WORKSPACE_ID")

Json = dict[str, Any]


class Stop(Exception):
    """The end of the step before there is a task; ``state`` says of what kind."""

    state = "denied"


class WrongUse(Stop):
    """The workflow is wrong: an input, a permission."""


class Refused(Stop):
    """The server does not do it, and says why."""


class Outage(Stop):
    """Nobody is to blame: it may work later."""

    state = "outage"


class Skipped(Stop):
    """There is nothing to do."""

    state = "skipped"


class Interrupted(BaseException):
    """The run was cancelled."""


class Log:
    """The step's log, in which the runner looks for commands.

    It is told to look for none but between two of our own lines, and what others wrote cannot begin like one either.
    Threads print in turn: nothing gets between those lines.
    """

    def __init__(self) -> None:
        self._token = ""
        self._turn = threading.RLock()

    def hold(self) -> None:
        """Have the runner take no commands until further notice."""
        self._token = secrets.token_hex(20)
        self._print(f"::stop-commands::{self._token}")

    def say(self, text: str) -> None:
        """Print text that anybody may have written."""
        with self._turn:
            for line in plain_lines(text):
                self._print(line)

    def command(self, name: str, message: str, **properties: str) -> None:
        """Give the runner a command of ours."""
        given = ",".join(f"{key}={_escape(value, more=True)}" for key, value in properties.items())
        with self._turn:
            self._print(f"::{self._token}::")
            self._print(f"::{name} {given}::{_escape(message)}" if given else f"::{name}::{_escape(message)}")
            self.hold()

    def mask(self, secret: str) -> None:
        """Have the runner hide a secret wherever it is printed."""
        for line in secret.splitlines():
            if line.strip():
                self.command("add-mask", line)

    def _print(self, line: str) -> None:
        sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()


def plain_lines(text: str) -> list[str]:
    """Split text into lines of which none is a command to the runner."""
    lines = _CONTROL.sub("", text).splitlines()
    return [re.sub(r"^(\s*):(?=:)", r"\1: ", line).replace("##[", "# #[") for line in lines]


def _escape(text: str, *, more: bool = False) -> str:
    pairs = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A")] + ([(":", "%3A"), (",", "%2C")] if more else [])
    for char, code in pairs:
        text = text.replace(char, code)
    return text


@dataclass(frozen=True)
class Inputs:
    """What the workflow gave, checked.

    ``server`` is an origin, "" for local mode; ``task`` and ``number`` may be left to the event.
    """

    server: str
    task: str
    number: int | None
    repository: str
    context: str
    dollars: str

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Inputs:
        """Read and check all inputs.

        Raises :class:`WrongUse`, which names the first wrong one.
        """
        given = {name: env.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip() for name in _INPUTS}
        for name, (pattern, words) in _INPUTS.items():
            if given[name] and pattern is not None and pattern.fullmatch(given[name]) is None:
                raise WrongUse(f"The input `{name}` is {words}, not {given[name][:100]!r}.")
        server = origin_of(given["server-url"]) if given["server-url"] else ""
        mode = given["mode"] or ("server" if server else "local")
        if mode == "server" and not server:
            raise WrongUse("Mode `server` needs the input `server-url`.")
        number = given["number"]
        return cls(
            server=server if mode == "server" else "",
            task=given["task"],
            number=int(number) if number else None,
            repository=given["repository"] or env.get("GITHUB_REPOSITORY", ""),
            context=given["context"],
            dollars=given["max-dollars"],
        )


_INPUTS: dict[str, tuple[re.Pattern[str] | None, str]] = {
    "server-url": (None, ""),
    "mode": (re.compile("server|local"), "`server` or `local`"),
    "task": (_NAME, "the name of a task, such as `fix`"),
    "number": (_NUMBER, "the number of an issue or pull request"),
    "repository": (_REPOSITORY, "OWNER/NAME"),
    "context": (None, ""),
    "fail-on": (re.compile("|".join(_LEVELS)), f"one of {', '.join(_LEVELS)}"),
    "max-dollars": (_MONEY, "an amount such as 2.50"),
}


def origin_of(text: str) -> str:
    """Return scheme, host and port of a server's address.

    Tokens are asked for with it as their audience, so it must be the server's own. Raises :class:`WrongUse`.
    """
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = -1
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not secure or not re.fullmatch(r"[a-z0-9.:-]+", host) or port == -1 or parts.username or parts.query:
        raise WrongUse(f"The input `server-url` is an address like https://forgehand.example.com, not {text[:100]!r}.")
    if parts.path not in {"", "/"}:
        raise WrongUse("The input `server-url` has no path: give the server's address only.")
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")


@dataclass(frozen=True)
class Event:
    """The event that set the run off, as the runner keeps it in a file."""

    name: str
    file: Path
    payload: Json

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Event:
        """Read the runner's file; without one there is an empty event."""
        file = Path(env.get("GITHUB_EVENT_PATH") or os.devnull)
        try:
            payload = json.loads(file.read_bytes() or b"{}")
        except (OSError, ValueError):
            payload = {}
        return cls(env.get("GITHUB_EVENT_NAME", ""), file, payload if isinstance(payload, dict) else {})

    def part(self, *path: str) -> Any:
        """Return what stands at a place, None where there is nothing."""
        value: Any = self.payload
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def number(self) -> int | None:
        """Return the number of the issue or pull request."""
        found = self.part("issue", "number") or self.part("pull_request", "number")
        return found if isinstance(found, int) else None

    @property
    def from_fork(self) -> bool:
        """Return True if GitHub trusts its run with no secret and no identity."""
        if self.part("pull_request") is None or self.name == "pull_request_target":
            return False
        return bool(self.part("pull_request", "head", "repo", "id") != self.part("pull_request", "base", "repo", "id"))

    def command(self) -> tuple[str, str] | None:
        """Return the command that a new comment begins with, and its text."""
        text = self.part("comment", "body")
        if self.name not in _COMMENTS or self.part("action") != "created" or not isinstance(text, str):
            return None
        found = _COMMAND.fullmatch((text.strip().splitlines() or [""])[0].strip())
        return (found[1], found[2] or "") if found else None


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    ``state`` is a task's, or ``denied`` (it was refused before there was one), ``outage`` or ``skipped``. ``passing``:
    what went wrong passes by itself. ``words`` and ``report`` are others' text, ``dollars`` what models cost.
    """

    state: str
    words: str
    name: str = ""
    task: str = ""
    number: int | None = None
    url: str = ""
    pull: str = ""
    published: bool = False
    dollars: float = 0.0
    calls: int = 0
    seconds: float = 0.0
    report: str = ""
    passing: bool = False

    @classmethod
    def of_task(cls, view: Json, result: Json | None, url: str) -> Outcome:
        """Make one of a task and its result, as the API shows them."""
        result = result or {}
        data = result.get("data") if isinstance(result.get("data"), dict) else {}
        cost = result.get("cost") or view.get("cost") or {}
        state = str(view.get("state"))
        number = view.get("number")
        return cls(
            state=state if state in _STATES else "failed",
            words=str(result.get("summary") or view.get("summary") or ""),
            name=_checked(_NAME, view.get("task")),
            task=_checked(_TASK_ID, view.get("id")),
            number=number if isinstance(number, int) else None,
            url=url,
            pull=_checked(_PULL, result.get("pull_request")),
            published=bool(result.get("head_sha") or result.get("branch")),
            dollars=_number(cost.get("micro_dollars")) / 1_000_000,
            calls=int(_number(cost.get("model_calls"))),
            seconds=_seconds(view.get("created_at"), view.get("ended_at")),
            report=str(result.get("report") or ""),
            passing=(data or {}).get("error") in _PASSING,
        )

    @property
    def level(self) -> int:
        """Return from which level of ``fail-on`` on this is a failure, 0: never."""
        if self.state in {"done", "skipped"} | _WAITING:
            return 0
        if self.state == "denied":
            return 1
        if self.state == "outage" or self.passing:
            return 4
        return 3 if self.state in {"unverified", "refused"} else 2

    @property
    def title(self) -> str:
        """Return one line about it, all of it ours."""
        where = f" on #{self.number}" if self.number is not None else ""
        return f"{self.name}{where}: {self.state.replace('_', ' ')}".removeprefix(": ")

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs; none of them holds text of others."""
        verified = self.state == "done" and self.published
        return {
            "task": self.task,
            "state": self.state,
            "url": self.url,
            "pull-request": self.pull,
            "verified": "true" if verified else "false",
            "cost": f"{self.dollars:.6f}".rstrip("0").rstrip("."),
        }

    def summary(self) -> str:
        """Return the Markdown of the job's summary."""
        rows = [f"### Forgehand: {self.title}", ""]
        if self.task:
            cost = f"${self.dollars:.2f}, {self.calls} model calls"
            rows += ["| task | pull request | cost | time |", "| --- | --- | --- | --- |"]
            rows += [f"| [`{self.task}`]({self.url}) | {self.pull or 'none'} | {cost} | {self.seconds:.1f} s |", ""]
        return "\n".join(rows + [_fenced(text) for text in (self.words, self.report) if text.strip()])


def _checked(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) and value >= 0 else 0.0


def _seconds(begun: Any, ended: Any) -> float:
    try:
        first, last = (datetime.fromisoformat(each.replace("Z", "+00:00")) for each in (begun, ended))
        return (last - first).total_seconds()
    except (AttributeError, TypeError, ValueError):
        return 0.0


def _fenced(text: str) -> str:
    """Return text as a page shows it literally: no link, no picture, no HTML."""
    lines = _CONTROL.sub("", text).strip().splitlines()
    longest = max((len(found) for line in lines for found in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence, ""])


def cut_summary(text: str) -> str:
    """Return a summary that the runner takes: whole lines of it, and a note where some are left out."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= _SUMMARY_BYTES:
        return raw.decode()
    kept = raw[:_SUMMARY_BYTES].decode("utf-8", "ignore").rpartition("\n")[0]
    opened = [line for line in kept.splitlines() if re.fullmatch("`{3,}(text)?", line)]
    closing = opened[-1].removesuffix("text") if opened and opened[-1].endswith("text") else ""
    return f"{kept}\n{closing}\n\nCut here: the summary of a step holds 1 MiB.\n"


class _NoRedirects(HTTPRedirectHandler):
    """Redirects are not followed: the token is for one server."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirects)


@dataclass(frozen=True)
class Identity:
    """The run's identity, for which the runner has tokens (OpenID Connect)."""

    url: str
    bearer: str
    audience: str
    log: Log

    @classmethod
    def find(cls, env: Mapping[str, str], event: Event, audience: str, log: Log) -> Identity:
        """Return the run's identity.

        Raises :class:`Skipped` where GitHub gives none, :class:`WrongUse` where the workflow asks for none.
        """
        url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if url and bearer:
            return cls(url, bearer, audience, log)
        if event.from_fork:
            raise Skipped(
                "This run is about a pull request from a fork. GitHub gives such runs no identity, so nothing was "
                "asked of the server. The App itself answers there: write a command, such as `/review`."
            )
        raise WrongUse("The run has no identity to show. Add `permissions: id-token: write` to its job.")

    def token(self) -> str:
        """Return a new token, hidden from the log; each is good for one request."""
        address = f"{self.url}&audience={quote(self.audience, safe='')}"
        request = Request(address, headers={"Authorization": f"Bearer {self.bearer}"})
        for pause in (*_PAUSES, None):
            try:
                with _opener().open(request, timeout=_SECONDS) as answer:
                    token = json.loads(answer.read(_MOST_BYTES))["value"]
            except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
                if pause is None:
                    raise Outage(f"GitHub gives the run no token: {error}") from None
                time.sleep(pause)
            else:
                self.log.mask(str(token))
                return str(token)
        raise AssertionError("unreachable")


@dataclass
class Server:
    """A Forgehand server, asked as the run."""

    origin: str
    identity: Identity
    opener: OpenerDirector = field(default_factory=_opener)

    def ask(self, method: str, path: str, body: Json | None = None, key: str = "") -> tuple[int, Json]:
        """Make a request and return status and answer; it may be repeated.

        Raises :class:`Refused` and :class:`Outage`.
        """
        for pause in (*_PAUSES, None):
            try:
                with self._open(method, path, body, {"Idempotency-Key": key} if key else {}) as answer:
                    status, text = answer.status, answer.read(_MOST_BYTES)
                return status, json.loads(text) if text else {}
            except HTTPError as error:
                waited = _retry_after(error, pause)
                if waited is None:
                    raise _refusal(self.origin, error) from None
            except (OSError, HTTPException, ValueError) as error:
                waited = pause
                if waited is None or isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                    raise _unreachable(self.origin, error) from None
            time.sleep(waited)
        raise AssertionError("unreachable")

    def follow(self, task: str) -> Iterator[Json]:
        """Yield a task's events until it has ended.

        A stream that breaks, or ends with its token, is opened again behind its last event.
        """
        after = "0"
        failures = 0
        while True:
            try:
                with self._open("GET", f"{_API}/tasks/{task}/events", None, {"Last-Event-ID": after}) as answer:
                    if answer.status == 204:
                        return
                    for number, data in _read_events(answer):
                        after = number or after
                        failures = 0
                        yield data
                        if data.get("kind") == "ended":
                            return
                problem: Exception = ConnectionError("the stream of events ended early")
            except HTTPError as error:
                if _retry_after(error, 0.0) is None:
                    raise _refusal(self.origin, error) from None
                problem = error
            except (OSError, HTTPException, ValueError) as error:
                problem = error
            if failures == len(_PAUSES):
                raise _unreachable(self.origin, problem)
            time.sleep(_PAUSES[failures])
            failures += 1

    def _open(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> HTTPResponse:
        sent = {"Accept": "application/json", "User-Agent": "forgehand-action", **headers}
        if path != f"{_API}/openapi.json":
            sent["Authorization"] = f"Bearer {self.identity.token()}"
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = Request(self.origin + path, data=data, headers=sent, method=method)
        answer: HTTPResponse = self.opener.open(request, timeout=_SECONDS)
        return answer


def _read_events(answer: HTTPResponse) -> Iterator[tuple[str, Json]]:
    """Read server-sent events, and the number of each; a sign of life is one without either."""
    number = ""
    for raw in answer:
        name, _, value = raw.decode("utf-8", "replace").rstrip("\n").partition(": ")
        if name == "id" and value.isdigit():
            number = value
        elif name == "data":
            data = json.loads(value)
            yield number, data if isinstance(data, dict) else {}
        elif raw.startswith(b":"):
            yield "", {}


def _retry_after(error: HTTPError, pause: float | None) -> float | None:
    """Return how long to wait before asking again, None where that is no use."""
    passing = error.code == 429 or (error.code >= 500 and error.code != 501)
    if not passing or pause is None:
        return None
    said = error.headers.get("Retry-After") or ""
    return min(float(said), _LONGEST_PAUSE) if said.isdigit() else pause


def _refusal(origin: str, error: HTTPError) -> Refused | Outage:
    """Return what an answer means that is no success, in the server's words."""
    if 300 <= error.code < 400:
        return Refused(f"{origin} sends elsewhere. Give `server-url` the address that the server has now.")
    try:
        detail = json.loads(error.read(_MOST_BYTES))["detail"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        detail = "It gave no reason. Is it a Forgehand?"
    words = f"{origin} answered {error.code}: {detail}"
    return Outage(words) if error.code == 429 or (error.code >= 500 and error.code != 501) else Refused(words)


def _unreachable(origin: str, error: Exception) -> Refused | Outage:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Refused(f"The certificate of {origin} is not trusted here: {reason.verify_message}.")
    return Outage(f"{origin} cannot be reached: {reason}")


@dataclass(frozen=True)
class Wanted:
    """A task to ask for."""

    name: str
    body: Json
    typed: bool

    @classmethod
    def read(cls, inputs: Inputs, event: Event) -> Wanted:
        """Take what is wanted from the inputs, and what they leave out from the event.

        Raises :class:`Skipped` and :class:`WrongUse`.
        """
        command = event.command()
        name, context = inputs.task, inputs.context
        if not name and command is not None:
            name, context = command[0], context or command[1]
        elif not name and event.name in _COMMENTS:
            raise Skipped("The comment does not begin with a command.")
        name = name or _TASK_OF_EVENT.get(event.name, "")
        if not name:
            raise WrongUse(f"The input `task` is missing; the event `{event.name}` does not say what to do.")
        number = inputs.number if inputs.number is not None else event.number
        typed = not inputs.task and command is not None
        thread = event.part("comment", "id") if typed and event.name == "pull_request_review_comment" else None
        body: Json = {"repository": inputs.repository, "number": number, "thread": thread, "context": context}
        return cls(name, body, typed=typed)

    def fit(self, document: Json) -> Json:
        """Return the body as a document of the API describes it.

        ``context`` goes into the first field that takes text. Raises :class:`Refused` where there is no such task,
        :class:`Skipped` where somebody else's command was typed.
        """
        starts = [path for path, item in document["paths"].items() if _starts_task(path, item)]
        path = f"{_API}/tasks/{self.name}"
        if path not in starts:
            if self.typed:
                raise Skipped(f"`/{self.name}` is no task.")
            names = ", ".join(sorted(each.rpartition("/")[2] for each in starts))
            raise Refused(f"There is no task `{self.name}`; there are: {names}.")
        reference = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        fields = document["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
        given = {name: self.body[name] for name in ("number", "thread") if self.body[name] is not None}
        body = {"repository": self.body["repository"], **{name: given[name] for name in given if name in fields}}
        text = [name for name, field in fields.items() if name != "repository" and field.get("type") == "string"]
        if self.body["context"] and not text:
            raise WrongUse(f"The task `{self.name}` takes no text: leave the input `context` out.")
        return {**body, text[0]: self.body["context"]} if self.body["context"] else body


def _starts_task(path: str, item: Json) -> bool:
    return path.startswith(f"{_API}/tasks/") and "{" not in path and "tasks" in item.get("post", {}).get("tags", ())


def run_server(inputs: Inputs, event: Event, env: Mapping[str, str], log: Log) -> list[Outcome]:
    """Ask the server for the task, follow it, and return how it ended.

    Raises :class:`Stop`; cancelled, it stops the task.
    """
    wanted = Wanted.read(inputs, event)
    server = Server(inputs.server, Identity.find(env, event, inputs.server, log))
    try:
        body = wanted.fit(server.ask("GET", f"{_API}/openapi.json")[1])
    except (KeyError, TypeError, AttributeError):
        raise Refused(f"{inputs.server} does not describe its tasks. Is it a Forgehand?") from None
    view = _start(server, wanted.name, body, env)
    task = _checked(_TASK_ID, view.get("id"))
    if not task:
        raise Refused(f"{inputs.server} started no task. Is it a Forgehand?")
    path = f"{_API}/tasks/{task}"
    log.say(f"{wanted.name}: {inputs.server}{path}")
    try:
        for data in server.follow(task):
            log.say(_progress(data) if data else "")
    except Interrupted:
        server.ask("POST", f"{path}/cancel")
        log.say("The run was cancelled, so the task is being stopped.")
    view = server.ask("GET", path)[1]
    result = server.ask("GET", f"{path}/result")[1] if view.get("ended") else None
    return [Outcome.of_task(view, result, f"{inputs.server}{path}")]


def _start(server: Server, name: str, body: Json, env: Mapping[str, str]) -> Json:
    """Ask for the task: the attempts of a run ask for the same one.

    Where it ended badly, whoever runs the workflow again has it tried once more.
    """
    step = "-".join(env.get(each, "") for each in ("GITHUB_JOB", "GITHUB_ACTION"))
    asked = hashlib.sha256(f"{step} {name} {json.dumps(body, sort_keys=True)}".encode()).hexdigest()[:24]
    key = "-".join([env.get("GITHUB_REPOSITORY_ID", ""), env.get("GITHUB_RUN_ID", ""), asked])
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    view = server.ask("POST", f"{_API}/tasks/{name}", body, key)[1]
    if attempt == "1" or not view.get("ended") or view.get("state") in {"done"} | _WAITING:
        return view
    return server.ask("POST", f"{_API}/tasks/{view.get('id')}/retry", None, f"{key}-{attempt}")[1]


def _progress(data: Json) -> str:
    """Return an event as a line."""
    kind = str(data.get("kind"))
    words = {"stage": ("stage", "state", "text"), "ended": ("state", "summary")}.get(kind, ("by", "error"))
    parts = ([] if kind in {"stage", "ended"} else [kind]) + [str(data[word]) for word in words if data.get(word)]
    return ": ".join(" ".join(part.split()) for part in parts)[:500]


def run_local(inputs: Inputs, event: Event, env: Mapping[str, str], log: Log) -> list[Outcome]:
    """Run the bot here for the event, or for the task that is asked for; return how its tasks ended.

    Raises :class:`Stop`.
    """
    _check_local(event, env)
    asked = _asked_task(inputs, event, env) if inputs.task or inputs.context or inputs.number is not None else None
    identity = Identity.find(env, event, _ANTHROPIC, log) if _is_federated(env) else None
    python = prepare(place_of(env), log)
    folder = Path(tempfile.mkdtemp(prefix="forgehand-", dir=env.get("RUNNER_TEMP") or None))
    try:
        with _shown(identity, folder / "identity") as more:
            bot = Bot(python, folder, {**bot_environment(folder / "data", inputs, env), **more}, log)
            report = bot.deliver(event, asked, env)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    url = (
        f"{env.get('GITHUB_SERVER_URL', '')}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs/{env.get('GITHUB_RUN_ID')}"
    )
    if report["tasks"]:
        return [Outcome.of_task(each["task"], each["result"], url) for each in report["tasks"]]
    if report["refusals"]:
        raise Refused(report["refusals"][0])
    if report["problem"]:
        return [Outcome("failed", report["problem"], url=url)]
    raise Skipped("Nothing in this event asks for a task.")


def _check_local(event: Event, env: Mapping[str, str]) -> None:
    """Raise :class:`Stop` where the bot cannot or must not run here."""
    if sys.version_info < (3, 11):
        raise WrongUse("Local mode needs Python 3.11: use `ubuntu-24.04`, or `actions/setup-python` in a step before.")
    workspace = Path(env.get("GITHUB_WORKSPACE") or os.devnull)
    if event.name == "pull_request_target" and workspace.is_dir() and any(workspace.iterdir()):
        raise WrongUse(
            "This run has the rights of the base branch, and a step before has filled the workspace, perhaps with the "
            "code of the pull request. Check nothing out before this step; it needs no checkout."
        )
    key = _is_federated(env) or any(_given(env, name) for name in (*_KEYS, "FORGEHAND_MODELS"))
    shut = not key or (_is_federated(env) and not env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    if event.from_fork and shut:
        raise Skipped(
            "GitHub gives runs about pull requests from forks no secrets and no identity, so there is no key for a "
            "model."
        )
    if not key:
        raise WrongUse(
            "Local mode needs a model: give the input `anthropic-api-key` or `openai-api-key`, or "
            "`anthropic-federation-rule-id` and `anthropic-organization-id`."
        )
    if not env.get("INPUT_GITHUB_TOKEN"):
        raise WrongUse("Local mode needs the input `github-token`; by default it is the run's own.")


def _given(env: Mapping[str, str], name: str) -> str:
    """Return what the input of this name says, else the job's own variable."""
    return env.get(f"INPUT_{name}") or env.get(name) or ""


def _is_federated(env: Mapping[str, str]) -> bool:
    """Return True if Anthropic gives tokens for the run's identity; a key goes before."""
    return all(_given(env, name) for name in _FEDERATION) and not _given(env, "ANTHROPIC_API_KEY")


@contextmanager
def _shown(identity: Identity | None, file: Path) -> Iterator[dict[str, str]]:
    """Keep a fresh token of the run in a file; yield the variable that names it.

    Without an identity there is neither. Raises :class:`Outage`.
    """
    if identity is None:
        yield {}
        return
    _write_secret(file, identity.token())
    ended = threading.Event()
    threading.Thread(target=_renew, args=(identity, file, ended), daemon=True).start()
    try:
        yield {"ANTHROPIC_IDENTITY_TOKEN_FILE": str(file)}
    finally:
        ended.set()


def _renew(identity: Identity, file: Path, ended: threading.Event) -> None:
    while not ended.wait(_RENEWED):
        try:
            _write_secret(file, identity.token())
        except Stop as stopped:  # the next one may come in time
            identity.log.say(str(stopped))
        except OSError:  # the folder is gone: the run is over
            return


def _write_secret(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def _asked_task(inputs: Inputs, event: Event, env: Mapping[str, str]) -> Json:
    """Return the task that the inputs ask for, and for whom.

    Raises :class:`Stop`.
    """
    wanted = Wanted.read(inputs, event)
    body = wanted.fit(json.loads(_DOCUMENT.read_bytes()))
    numbers = [env.get(name, "") for name in ("GITHUB_REPOSITORY_ID", "GITHUB_ACTOR_ID")]
    if not all(each.isdigit() for each in numbers):
        raise WrongUse("The runner does not say who set the run off: `GITHUB_ACTOR_ID` or `GITHUB_REPOSITORY_ID`.")
    return {
        "task": wanted.name,
        "body": body,
        "repository": {"id": int(numbers[0]), "full_name": env.get("GITHUB_REPOSITORY", "")},
        "actor": {"id": int(numbers[1]), "login": env.get("GITHUB_ACTOR", "")},
        "event": event.name,
        "ref": env.get("GITHUB_REF", ""),
    }


def place_of(env: Mapping[str, str]) -> Path:
    """Return where the bot's locked requirements are installed, once for each lock file and Python."""
    base = "\n".join([sys.version, os.path.realpath(sys.executable), platform.machine()])
    key = hashlib.sha256(base.encode() + b"".join(file.read_bytes() for file in _LOCKS)).hexdigest()[:16]
    tools = env.get("RUNNER_TOOL_CACHE") or env.get("RUNNER_TEMP") or tempfile.gettempdir()
    return Path(tools) / "forgehand" / key


def prepare(place: Path, log: Log) -> Path:
    """Return the Python that has the bot's locked requirements, installing them if they are not there.

    Raises :class:`Outage`.
    """
    python = place / "bin" / "python"
    if python.exists():
        return python
    log.say("Installing the bot's locked requirements.")
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{place.name}-", dir=place.parent))
    _install(new)
    try:
        new.rename(place)
    except OSError:  # another job on this machine was faster
        shutil.rmtree(new, ignore_errors=True)
    return python


def _install(place: Path) -> None:
    own = str(place / "bin" / "python")
    wheels = ["--require-hashes", "--only-binary", ":all:", "-r"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    for command in (
        [sys.executable, "-m", "venv", str(place)],
        [own, "-m", "pip", "install", *quiet, *wheels, str(_LOCKS[1])],
        [str(place / "bin" / "uv"), "pip", "install", "--quiet", "--python", own, *wheels, str(_LOCKS[0])],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            said = done.stdout.decode("utf-8", "replace").strip()[-2000:]
            raise Outage(f"The bot's requirements could not be installed.\n{said}")


@dataclass(frozen=True)
class Bot:
    """The bot as a process of its own."""

    python: Path
    folder: Path
    environment: Mapping[str, str]
    log: Log

    def deliver(self, event: Event, asked: Json | None, env: Mapping[str, str]) -> Json:
        """Run it until it is done with the event, or with what is asked for; return its report.

        Its progress is printed, and the end of its log where it fails. Raises :class:`Stop`.
        """
        report = self.folder / "report.json"
        written = self.folder / "bot.log"
        guid = "-".join(["run", env.get("GITHUB_RUN_ID", "0"), env.get("GITHUB_RUN_ATTEMPT", "1")])
        name = "pull_request" if event.name == "pull_request_target" else event.name
        command = [str(self.python), "-m", "bot.cli", "deliver", str(event.file), "--name", name, "--id", guid]
        if asked is not None:
            file = self.folder / "asked.json"
            file.write_text(json.dumps(asked), encoding="utf-8")
            command += ["--ask", str(file)]
        code = self._follow([*command, "--report", str(report)], written)
        if code == 0 and report.exists():
            made: Json = json.loads(report.read_bytes())
            return made
        self.log.say("\n".join(written.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]))
        words = f"The bot ended with code {code}; the last lines above are its own."
        raise WrongUse(words) if code == _SETTINGS_ARE_WRONG else Outage(words)

    def _follow(self, command: Sequence[str], written: Path) -> int:
        """Run a command, print its progress and return its exit code."""
        with written.open("wb") as output:
            bot = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.PIPE)
            assert bot.stderr is not None
            while True:
                try:
                    for raw in bot.stderr:
                        self.log.say(raw.decode("utf-8", "replace").rstrip())
                    return bot.wait()
                except Interrupted:
                    bot.terminate()  # it stops its tasks and says so


def bot_environment(data: Path, inputs: Inputs, env: Mapping[str, str]) -> dict[str, str]:
    """Return the bot's environment: settings, keys, and nothing of the runner's.

    With the runner's files and tokens it could set outputs or speak as the run.
    """
    kept = {name: value for name, value in env.items() if not name.startswith(_NOT_FOR_THE_BOT)}
    ours = {
        **{name: _given(env, name) for name in _MODELS},
        "FORGEHAND_GITHUB_TOKEN": env.get("INPUT_GITHUB_TOKEN"),
        "FORGEHAND_API_URL": env.get("GITHUB_API_URL"),
        "FORGEHAND_WEB_URL": env.get("GITHUB_SERVER_URL"),
        "FORGEHAND_DATA_DIR": str(data),
    }
    if inputs.dollars:
        ours["FORGEHAND_BUDGET"] = json.dumps({"task": float(inputs.dollars), "day": float(inputs.dollars)})
    return kept | {name: value for name, value in ours.items() if value}


def tell(outcomes: Sequence[Outcome], fail_on: str, env: Mapping[str, str], log: Log) -> int:
    """Write outputs, summary and annotations; return the exit code."""
    allowed = _LEVELS.index(fail_on)
    worst = max(outcomes, key=lambda outcome: (0 < outcome.level <= allowed, 5 - outcome.level if outcome.level else 0))
    for outcome in outcomes:
        failed = 0 < outcome.level <= allowed
        kind = "warning" if outcome.level else "notice"
        if failed:
            kind = "error"
        message = "\n".join(plain_lines(outcome.words)) or outcome.state
        log.command(kind, message[:4000], title=f"Forgehand: {outcome.title}")
    _append(env.get("GITHUB_STEP_SUMMARY"), cut_summary("\n".join(outcome.summary() for outcome in outcomes)))
    for name, value in worst.outputs().items():
        mark = f"end-{secrets.token_hex(20)}"
        _append(env.get("GITHUB_OUTPUT"), f"{name}<<{mark}\n{value}\n{mark}\n")
    return 1 if 0 < worst.level <= allowed else 0


def _append(path: str | None, text: str) -> None:
    if path:
        with open(path, "ab") as file:  # noqa: PTH123 - the runner made it
            file.write(text.encode())


def _interrupt(*_: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the runner sends both; the first is enough
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def main(env: Mapping[str, str]) -> int:
    """Do what the workflow asks for; return the exit code."""
    log = Log()
    log.hold()
    for name in ("INPUT_ANTHROPIC_API_KEY", "INPUT_OPENAI_API_KEY", "INPUT_GITHUB_TOKEN"):
        log.mask(env.get(name, ""))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    fail_on = env.get("INPUT_FAIL_ON", "").strip()
    fail_on = fail_on if fail_on in _LEVELS else "failed"
    try:
        inputs = Inputs.read(env)
        event = Event.read(env)
        outcomes = (run_server if inputs.server else run_local)(inputs, event, env, log)
    except Stop as stopped:
        outcomes = [Outcome(stopped.state, str(stopped))]
    except Interrupted:
        outcomes = [Outcome("cancelled", "The run was cancelled before there was a task.")]
    return tell(outcomes, fail_on, env, log)


if __name__ == "__main__":
    sys.exit(main(os.environ))
