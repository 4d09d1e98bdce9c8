import pytest

from timesheet.sheet import SheetError, read_sheet


def test_reads_entries_and_skips_comments():
    entries = read_sheet("# week 12\nalice 45m review\n\nbob 1h\n")
    assert [(entry.person, entry.seconds, entry.what) for entry in entries] == [("alice", 2700, "review"), ("bob", 3600, "")]


def test_names_the_line():
    with pytest.raises(SheetError, match="line 2"):
        read_sheet("alice 45m review\nbob lunch\n")
