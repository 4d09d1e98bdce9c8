"""Read and check what the workflow gave.

An input is one field of :class:`Inputs`, one row of ``_INPUTS`` and one variable in ``action.yml``. Those that name how
models are asked stand in ``credentials.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .api import NAME
from .errors import WrongUse

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_MONEY = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")
LEVELS = ("never", "refused", "failed", "unverified", "anything")


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
    "task": (NAME, "the name of a task, such as `fix`"),
    "number": (_NUMBER, "the number of an issue or pull request"),
    "repository": (_REPOSITORY, "OWNER/NAME"),
    "context": (None, ""),
    "fail-on": (re.compile("|".join(LEVELS)), f"one of {', '.join(LEVELS)}"),
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
