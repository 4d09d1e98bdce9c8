import pytest

from timesheet.durations import DurationError, format_duration, parse_duration


@pytest.mark.parametrize(("text", "seconds"), [("45m", 2700), ("2h", 7200), ("1d", 28800), ("30 s", 30), ("2H", 7200)])
def test_parse(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "soon", "5x"])
def test_parse_refuses(text):
    with pytest.raises(DurationError):
        parse_duration(text)


def test_format():
    assert format_duration(11700) == "3:15"
