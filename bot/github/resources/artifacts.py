"""Read what workflow runs uploaded: zips of whoever could change the workflow, so all of it is bounded."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from bot.github.api.client import Client, within
from bot.github.api.errors import GitHubError, NotFound
from bot.types import JsonModel, Repository

# A zip holds at most so many entries; of those that are read each has at most so many bytes, and all together.
MOST_ENTRIES = 5_000
MOST_BYTES = 16 * 1024 * 1024
MOST_TOTAL = 48 * 1024 * 1024
# Reports shrink to a tenth or a fiftieth; a bomb to a thousandth.
MOST_RATIO = 300
_CHUNK = 1024 * 1024
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_PAGE = 100


class ArtifactRefused(GitHubError):
    """An artifact that is too large, no zip, or made to overwhelm its reader."""


class Artifact(JsonModel):
    """An artifact and the run that it is of; ``size`` is in bytes as zip."""

    id: int
    name: str
    size: int
    expired: bool
    created: str  # ISO 8601
    run: int
    head_sha: str
    head_branch: str
    own: bool  # the run was of this repository's own branch, not of a fork's


class Run(JsonModel):
    """Workflow run of an artifact: event, end, attempt and tree."""

    event: str
    status: str
    conclusion: str
    attempt: int
    tree: str


async def list_artifacts(client: Client, repository: Repository, most: int) -> AsyncIterator[Artifact]:
    """Yield the newest artifacts of a repository, of all its runs."""
    count = 0
    url = "/repos/{owner}/{repo}/actions/artifacts{?per_page}"
    async for item in client.items(url, within(repository, per_page=min(most, _PAGE)), key="artifacts"):
        if count == most:
            return
        count += 1
        run = item.get("workflow_run") or {}
        yield Artifact(
            id=item["id"],
            name=str(item.get("name") or "")[:200],
            size=int(item.get("size_in_bytes") or 0),
            expired=bool(item.get("expired")),
            created=str(item.get("created_at") or ""),
            run=int(run.get("id") or 0),
            head_sha=str(run.get("head_sha") or ""),
            head_branch=str(run.get("head_branch") or ""),
            own=run.get("head_repository_id") == run.get("repository_id") == repository.id,
        )


async def get_run(client: Client, repository: Repository, run: int) -> Run:
    """Return what is known of a workflow run."""
    item: Any = await client.get("/repos/{owner}/{repo}/actions/runs/{id}", within(repository, id=run))
    return Run(
        event=str(item.get("event") or ""),
        status=str(item.get("status") or ""),
        conclusion=str(item.get("conclusion") or ""),
        attempt=int(item.get("run_attempt") or 1),
        tree=str((item.get("head_commit") or {}).get("tree_id") or ""),
    )


async def download(client: Client, repository: Repository, artifact: int) -> bytes | None:
    """Return an artifact's zip; None where it has expired or was deleted."""
    url = "/repos/{owner}/{repo}/actions/artifacts/{id}/zip"
    try:
        return await client.download_bytes(url, within(repository, id=artifact))
    except NotFound:
        return None


def read_files(content: bytes, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """Return the wanted files of a zip; their names are no paths here.

    Raises :class:`ArtifactRefused`. Blocking.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return list(_read_entries(archive, wanted))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise ArtifactRefused(f"The artifact is no zip that can be read ({type(error).__name__}).") from None


def _read_entries(archive: zipfile.ZipFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ArtifactRefused(f"The artifact holds {len(entries)} files; more than {MOST_ENTRIES} are not read.")
    left = MOST_TOTAL
    for entry in entries:
        if entry.is_dir() or not wanted(entry.filename):
            continue
        if entry.compress_type not in _METHODS or entry.flag_bits & 1:
            raise ArtifactRefused("The artifact is encrypted, or packed in a way that is not read.")
        text = _read_entry(archive, entry, left)
        left -= len(text)
        yield entry.filename, text


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """Unpack one file up to a size: what a zip says of its own may be wrong."""
    most = min(MOST_BYTES, left, max(_CHUNK, entry.compress_size * MOST_RATIO))
    read = bytearray()
    with archive.open(entry) as stream:
        while part := stream.read(_CHUNK):
            read += part
            if len(read) > most:
                raise ArtifactRefused("The artifact unpacks to more than is read of one.")
    return bytes(read)
