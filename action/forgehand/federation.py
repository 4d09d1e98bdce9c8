"""Keep a fresh token of the run in a file, for Anthropic to exchange.

The bot reads the file; what could ask for other tokens stays in this process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import Stop
from .identity import Identity

ANTHROPIC = "https://api.anthropic.com"  # the audience of tokens that Anthropic exchanges
_RENEWED = 60.0  # seconds: a token of the run lives for five minutes, and is good for one exchange


@contextmanager
def shown(identity: Identity | None, file: Path) -> Iterator[dict[str, str]]:
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
