"""Read the private key of a GitHub App, in whichever form it is given."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def read_private_key(value: str) -> str:
    r"""Return the PEM text of an App's private key.

    It may be given as path, raw text, ``\n``-escaped text or base64. Raises :class:`ValueError` where it is none of
    these.
    """
    text = value.strip().strip("\"'").replace("\r\n", "\n").replace("\\n", "\n")
    if _PEM.search(text):
        return text.strip() + "\n"
    if len(text) < 1024 and Path(text).expanduser().is_file():
        return read_private_key(_read(Path(text).expanduser()))
    try:
        decoded = base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        decoded = ""
    if _PEM.search(decoded):
        return decoded.replace("\r\n", "\n").strip() + "\n"
    raise ValueError(
        "not a private key; use the path of an existing .pem file, its text, its text with \\n for line breaks, "
        "or base64 of it"
    )


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ValueError(f"its file cannot be read ({reason})") from None
