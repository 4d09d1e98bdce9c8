"""Records of our own reporters: believed as far as they are signed."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.events import Fold, Record
from bot.toolchains.python.inside.forgehand_records import Records
from bot.toolchains.results import ResultsChannel, read_signed
from tests.toolchains.conftest import ended


def test_records_are_believed_only_as_far_as_they_are_signed(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    records = Records(str(channel.directory))
    records.case("a", "passed", "call")
    records.case("b", "failed", "call")
    records.again("b")
    records.case("a", "error", "teardown", "x" * 9000)
    records.end(1, False)
    assert [path.name for path in channel.directory.iterdir()] == ["results.jsonl"]
    recorded = channel.read()
    assert recorded is not None
    found = list(recorded)

    def agrees(records: list[Record], code: int | None) -> bool:
        return Fold().add(records).close(ended(code)).completeness.ok

    cases = Fold().add(found).close(ended(1)).cases
    assert [(case.id, case.verdict, len(case.message)) for case in cases] == [("a", "error", 4000)]
    assert (agrees(found, 1), agrees(found, 2), agrees(found, 0), agrees(found, None)) == (True, True, False, False)
    lines = (channel.directory / "results.jsonl").read_bytes().splitlines()
    for forged in (lines[1:], [lines[0], *lines[2:]], [*lines[:4], lines[4].replace(b": 1", b": 0")], lines[:2]):
        again = list(read_signed(forged, channel._key))
        assert not agrees(again, 0)
        assert not agrees(again, 1)


def test_a_results_file_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    (channel.directory / "results.jsonl").symlink_to("/etc/passwd")
    assert channel.read() is None
