"""Secrets at rest: sealed, bound to their place, worthless without the master key."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.sealing.local import FILE, LocalMaster
from bot.sealing.port import SealError
from bot.sealing.sealer import Sealed, Sealer

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(1, 33))).decode()


def sealer(text: str | None, folder: Path) -> Sealer:
    return Sealer(LocalMaster(text, folder / FILE))


async def test_a_text_opens_in_its_place_only(tmp_path: Path) -> None:
    ours = sealer(KEY, tmp_path)
    sealed = await ours.seal("planted-secret", "table:1")
    assert "planted" not in sealed
    assert await ours.open(sealed, "table:1") == "planted-secret"
    assert await ours.seal("planted-secret", "table:1") != sealed
    for place in ("table:2", ""):
        with pytest.raises(SealError, match="moved from where it was stored"):
            await ours.open(sealed, place)


@pytest.mark.parametrize("field", ["key", "nonce", "text"])
async def test_a_changed_text_does_not_open(tmp_path: Path, field: str) -> None:
    ours = sealer(KEY, tmp_path)
    read = Sealed.model_validate_json(await ours.seal("planted-secret", "table:1"))
    data = bytearray(getattr(read, field))
    for number in range(len(data)):
        data[number] ^= 1
        with pytest.raises(SealError):
            await ours.open(read.model_copy(update={field: bytes(data)}).model_dump_json(), "table:1")
        data[number] ^= 1
    for changed in (b"", bytes(data[:5])):
        with pytest.raises(SealError):
            await ours.open(read.model_copy(update={field: changed}).model_dump_json(), "table:1")


@pytest.mark.parametrize("stored", ["", "{}", "planted", '{"version": 2}', "null"])
async def test_what_is_not_sealed_does_not_open(tmp_path: Path, stored: str) -> None:
    with pytest.raises(SealError, match="was not sealed"):
        await sealer(KEY, tmp_path).open(stored, "table:1")


async def test_another_master_key_is_named(tmp_path: Path) -> None:
    sealed = await sealer(KEY, tmp_path).seal("planted-secret", "table:1")
    other = LocalMaster(OTHER, tmp_path / FILE)
    with pytest.raises(SealError) as told:
        await Sealer(other).open(sealed, "table:1")
    assert LocalMaster(KEY, tmp_path / FILE).name in told.value.message
    assert f"FORGEHAND_MASTER_KEY holds {other.name}" in told.value.message
    assert "set the secret anew" in told.value.message


async def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    masters = [LocalMaster(None, folder / FILE) for _ in range(8)]
    assert not masters[0].is_there
    with pytest.raises(SealError, match=r"put .*master\.key back, or set FORGEHAND_MASTER_KEY"):
        await Sealer(masters[0]).seal("planted-secret", "table:1")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(LocalMaster.make, masters))
    assert len({master.name for master in masters}) == 1
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == [FILE]
    sealed = await Sealer(masters[0]).seal("planted-secret", "table:1")
    text = (folder / FILE).read_text()
    assert await sealer(text, tmp_path).open(sealed, "table:1") == "planted-secret"
    (folder / FILE).unlink()
    with pytest.raises(SealError, match="is missing"):
        await sealer(None, folder).open(sealed, "table:1")


@pytest.mark.parametrize("text", ["", "my password", "AAAA", KEY[:-2], KEY + KEY])
async def test_a_malformed_key_is_told_without_its_text(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SealError, match="`openssl rand -base64 32` makes one") as told:
        await sealer(None, tmp_path).seal("planted-secret", "table:1")
    assert text == "" or text not in told.value.message
