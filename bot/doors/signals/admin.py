"""Add, list, rotate, remove and try sources of signals, for whoever runs the server."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from pathlib import Path

import aiohttp

from bot.doors.api.fields import moment
from bot.doors.operating import opened_app, opened_store
from bot.doors.signals.instructions import THEIR_SECRETS, instruct
from bot.doors.signals.verification import SIGNATURE_HEADER, TOKEN_HEADER, sign_body, sign_own
from bot.sealing.masters import find_master
from bot.sealing.sealer import Sealer
from bot.settings import Settings
from bot.store import sealed, sources
from bot.store.database import now_ms
from bot.store.sources import Source
from bot.store.store import Store
from bot.types import ForgehandError, SourceKind

_LEAST, _MOST = 16, 1_000  # characters of a secret
_KEPT = 2  # secrets of a source: the new one and the one before
_SAMPLE = b'{"test": true}'
_TRY_SECONDS = 10.0


class SourceError(ForgehandError):
    """A source that cannot be added, found or tried."""


async def add_source(
    settings: Settings, kind: SourceKind, repository: str, *, name: str | None, secret_file: Path | None
) -> str:
    """Add a source and return what to enter at the sender.

    The address and a secret that is made here are shown once. Raises :class:`SourceError`, :class:`SealError`.
    """
    async with opened_app(settings) as github:
        found = await github.find_repository(repository)
    if found is None:
        raise SourceError(f"The App is not installed on a repository {repository}.")
    secret = _find_secret(kind, secret_file)
    key = secrets.token_urlsafe(16)
    source = Source(
        id=secrets.token_hex(8),
        kind=kind,
        name=name or kind,
        repository=found,
        key_hash=hashlib.sha256(key.encode()).hexdigest(),
        secrets=(),
        created=now_ms(),
    )
    with opened_store(settings) as store:
        sealed = (await _seal(settings, store, source, secret),) if secret else ()
        store.run_sync(sources.add, source.model_copy(update={"secrets": sealed}))
    url = f"{_base(settings)}/signals/{source.id}/{key}"
    lines = [f"Added {source.id}, {kind} for {found.full_name}. What follows is shown once.", ""]
    lines += [instruct(kind, source.id, url, secret or "<SECRET>"), "", f"Try it with `forgehand signals test {url}`."]
    if settings.public_url is None:
        lines.append("FORGEHAND_PUBLIC_URL is not set: put the address under which senders reach this server.")
    return "\n".join(lines)


def list_sources(settings: Settings) -> str:
    """Return a line for each source."""
    with opened_store(settings) as store:
        found = store.run_sync(sources.list_live)
    return "\n".join(map(describe, found)) or "There are no sources; `forgehand signals add` adds one."


async def rotate_source(settings: Settings, source_id: str, *, secret_file: Path | None, drop_old: bool) -> str:
    """Give a source another secret, or drop the one before.

    Raises :class:`SourceError`, :class:`SealError`.
    """
    with opened_store(settings) as store:
        source = _find(store, source_id)
        if drop_old:
            _replace(store, source, source.secrets[:1])
            return f"Only the newest secret of {source_id} is taken from now on."
        secret = _find_secret(source.kind, secret_file)
        if secret is None:
            raise SourceError(f"{source.kind} makes the secret on its side: name its file with --secret-file.")
        sealed = await _seal(settings, store, source, secret)
        _replace(store, source, (sealed, *source.secrets)[:_KEPT])
    kept = "The one before is taken too, until `--drop-old`." if source.secrets else ""
    told = "" if secret_file is not None else f" It is shown once: {secret}"
    return f"{source_id} has a new secret.{told} {kept}".strip()


def remove_source(settings: Settings, source_id: str) -> str:
    """Remove a source; what it sends is refused within a second."""
    with opened_store(settings) as store:
        if not store.run_sync(sources.revoke, source_id):
            raise _unknown(source_id)
    return f"Removed {source_id}."


async def test_source(settings: Settings, url: str) -> str:
    """Send a signed body that says nothing, and tell the answer.

    ``url`` is an address that ``add`` printed. Raises :class:`SourceError` where it is not taken.
    """
    base, _, rest = url.partition("/signals/")
    source_id, _, key = rest.partition("/")
    if not base or not key:
        raise SourceError("That is not the address of a source: it must be one that `forgehand signals add` printed.")
    with opened_store(settings) as store:
        source = _find(store, source_id)
    if not source.secrets:
        raise SourceError(f"{source_id} has no secret yet; `forgehand signals rotate {source_id}` sets one.")
    secret = await Sealer(find_master(settings)).open(source.secrets[0], source.place)
    status, words = await _post(url, sign_sample(source.kind, _SAMPLE, secret))
    if status != 202:
        raise SourceError(f"The answer is {status}: {words}")
    return f"Taken (202): {source.kind} for {source.repository.full_name}. The sample says nothing, so nothing follows."


def sign_sample(kind: SourceKind, body: bytes, secret: str) -> dict[str, str]:
    """Return the headers with which a sender of this kind proves itself."""
    if kind == "own":
        return {SIGNATURE_HEADER: sign_own(body, secret, at=int(time.time()), name=secrets.token_hex(16))}
    if kind == "sentry":
        return {"Sentry-Hook-Signature": sign_body(body, secret)}
    if kind == "pagerduty":
        return {"X-PagerDuty-Signature": f"v1={sign_body(body, secret)}"}
    if kind == "grafana":
        return {"X-Grafana-Alerting-Signature": sign_body(body, secret)}
    return {TOKEN_HEADER: secret}


def describe(source: Source) -> str:
    """Return a source in one line."""
    seen = f"last heard {moment(source.seen)[:16]}" if source.seen is not None else "never heard"
    count = {0: "no secret yet", 1: "one secret"}.get(len(source.secrets), f"{len(source.secrets)} secrets")
    return f"{source.id}  {source.kind} {json.dumps(source.name)} for {source.repository.full_name}: {count}; {seen}"


async def _post(url: str, headers: dict[str, str]) -> tuple[int, str]:
    sent = {"Content-Type": "application/json", **headers}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TRY_SECONDS)) as session,
            session.post(url, data=_SAMPLE, headers=sent, allow_redirects=False) as answer,
        ):
            return answer.status, (await answer.text())[:500]
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise SourceError(f"Nothing answers there ({type(error).__name__}): is the server running?") from None


def _find_secret(kind: SourceKind, file: Path | None) -> str | None:
    """Return the secret in a file, else a new one where we make it."""
    if file is None:
        return None if kind in THEIR_SECRETS else secrets.token_urlsafe(32)
    secret = file.read_text(encoding="utf-8", errors="replace").strip()
    if not _LEAST <= len(secret) <= _MOST or not secret.isascii() or not secret.isprintable():
        raise SourceError(f"{file} holds no secret of {_LEAST} to {_MOST} printable characters.")
    return secret


async def _seal(settings: Settings, store: Store, source: Source, secret: str) -> str:
    """Seal a secret, with a new master key where nothing was ever sealed."""
    master = find_master(settings)
    if not store.run_sync(sealed.exist):
        await master.prepare()
    return await Sealer(master).seal(secret, source.place)


def _replace(store: Store, source: Source, new: tuple[str, ...]) -> None:
    if not store.run_sync(sources.set_secrets, source.id, source.secrets, new):
        raise SourceError(f"{source.id} was changed meanwhile; look at `forgehand signals list` and try again.")


def _find(store: Store, source_id: str) -> Source:
    found = next((one for one in store.run_sync(sources.list_live) if one.id == source_id), None)
    if found is None:
        raise _unknown(source_id)
    return found


def _unknown(source_id: str) -> SourceError:
    return SourceError(f"There is no source {source_id}; `forgehand signals list` shows them.")


def _base(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
