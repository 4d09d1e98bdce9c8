"""Store the App's credentials: ``server.yml`` and its private key, 0600."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Any

import yaml

from bot.types import ForgehandError, JsonModel

SERVER_FILE = "server.yml"
KEY_FILE = "private-key.pem"


class CredentialsError(ForgehandError):
    """A failure to write credentials, or to replace what is not ours."""


class Credentials(JsonModel):
    """An App's credentials; no ``webhook_secret``: it has no webhook."""

    app_id: int
    slug: str
    name: str
    client_id: str
    client_secret: str = ""
    private_key: str
    webhook_secret: str | None
    html_url: str


def stored_app(data_dir: Path) -> str | None:
    """Describe what a new App would replace: App id or key file, or None."""
    known = _read(data_dir / SERVER_FILE).get("app_id")
    if known is not None:
        return f"the App with id {known}"
    return f"a private key in {data_dir / KEY_FILE}" if (data_dir / KEY_FILE).exists() else None


def store(data_dir: Path, credentials: Credentials, urls: dict[str, str | None]) -> list[Path]:
    """Write both files, with backups (``*.bak-*``) of what they replace.

    Other settings of ``server.yml`` stay. ``urls``: ``api_url``, ``web_url``, ``public_url``. Returns the paths of the
    copies. Blocking. Raises :class:`CredentialsError`.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = _read(data_dir / SERVER_FILE)
        settings |= {"app_id": credentials.app_id, "client_id": credentials.client_id}
        if credentials.client_secret:
            settings["client_secret"] = credentials.client_secret
        settings |= {"private_key": str((data_dir / KEY_FILE).absolute())}
        settings |= {name: url for name, url in urls.items() if url}
        if credentials.webhook_secret:
            settings["webhook_secrets"] = [credentials.webhook_secret]
        copies = [copy for name in (KEY_FILE, SERVER_FILE) if (copy := _keep(data_dir / name)) is not None]
        _write(data_dir / KEY_FILE, credentials.private_key)
        _write(data_dir / SERVER_FILE, "# Written by `forgehand setup`.\n" + yaml.safe_dump(settings, sort_keys=False))
    except OSError as error:
        raise CredentialsError(f"The credentials cannot be written to {data_dir}: {error.strerror}.") from None
    return copies


def _read(file: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError):
        raise CredentialsError(f"{file} is not YAML; move it away, then run `forgehand setup` again.") from None
    if not isinstance(data, dict):
        raise CredentialsError(f"{file} holds no settings; move it away, then run `forgehand setup` again.")
    return data


def _keep(file: Path) -> Path | None:
    if not file.exists():
        return None
    copy = file.with_name(f"{file.name}.bak-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}")
    _write(copy, file.read_text())
    return copy


def _write(file: Path, text: str) -> None:
    # A new file, made unreadable for others before it holds anything, then moved into place in one step.
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)
