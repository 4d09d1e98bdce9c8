import pytest
from durations.parse import parse_duration


def test_hours():
    assert parse_duration("2h") == 7200


def test_unknown_units():
    with pytest.raises(ValueError, match="unit"):
        parse_duration("2x")
