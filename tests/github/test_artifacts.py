"""Artifacts of workflow runs: listed, downloaded behind a redirect, expired, and made to overwhelm."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest

from bot.github.api.access import GitHubs
from bot.github.resources import artifacts
from bot.github.resources.artifacts import ArtifactRefused, read_files
from tests.github.conftest import World


async def test_artifacts_are_listed_and_read(world: World, github: GitHubs) -> None:
    hub, repository = world.hub, world.hub.repository(world.repository.full_name)
    (installation,) = hub.world.installations.values()
    hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})
    sha = await hub.git(repository).resolve("refs/heads/main")
    assert sha is not None
    run = await hub.start_workflow(repository, sha, "main")
    old = hub.upload_artifact(run, "old", {"a.xml": b"<testsuite/>"})
    hub.upload_artifact(run, "junit-3.11", {"a/junit.xml": b"<testsuite/>", "log.txt": b"no"})
    old.expired = True
    await hub.finish_workflow(run, [])
    client = await github.for_repository(world.repository, {"actions": "read", "metadata": "read"})
    found = [one async for one in artifacts.list_artifacts(client, world.repository, 10)]
    assert [(one.name, one.expired, one.own, one.head_sha) for one in found] == [
        ("junit-3.11", False, True, sha),
        ("old", True, True, sha),
    ]
    content = await artifacts.download(client, world.repository, found[0].id)
    assert content is not None
    assert read_files(content, lambda name: name.endswith(".xml")) == [("a/junit.xml", b"<testsuite/>")]
    assert await artifacts.download(client, world.repository, found[1].id) is None
    seen = await artifacts.get_run(client, world.repository, found[0].run)
    assert (seen.status, seen.conclusion, seen.attempt, len(seen.tree)) == ("completed", "success", 1, 40)
    assert [one.name async for one in artifacts.list_artifacts(client, world.repository, 1)] == ["junit-3.11"]


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_names_are_no_paths() -> None:
    odd = {"../../etc/passwd.xml": b"<a/>", "/abs.xml": b"<b/>"}
    assert read_files(packed(odd), lambda _: True) == list(odd.items())


@pytest.mark.parametrize(
    "make",  # when it is wanted: every worker imports this, and packing takes a second
    [
        lambda: packed({"a.xml": b"\0" * (20 * 1024 * 1024)}),  # one that unpacks to a thousand times its size
        lambda: packed({f"{n}.xml": b"\0" * (1024 * 1024) for n in range(60)}),  # many that do together
        lambda: packed({f"{n}.xml": b"" for n in range(artifacts.MOST_ENTRIES + 1)}),
        lambda: packed({"a.xml": b"<a/>"}, zipfile.ZIP_LZMA),
        lambda: b"no zip",
        lambda: b"",
        lambda: packed({"a.xml": b"<a/>" * 100})[:-30],
    ],
    ids=["ratio", "total", "entries", "method", "text", "empty", "cut"],
)
def test_what_overwhelms_is_refused(make: Callable[[], bytes]) -> None:
    content = make()
    with pytest.raises(ArtifactRefused):
        read_files(content, lambda _: True)


def test_a_size_that_lies_is_not_believed() -> None:
    content = bytearray(packed({"a.xml": b"\0" * (20 * 1024 * 1024)}))
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 10)  # what the directory says of the unpacked size
    with pytest.raises(ArtifactRefused):
        read_files(bytes(content), lambda _: True)
    assert read_files(bytes(content), lambda name: name == "other.xml") == []
