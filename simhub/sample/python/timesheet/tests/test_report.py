from timesheet.report import render, totals
from timesheet.sheet import read_sheet


def test_totals_keep_order():
    assert totals(read_sheet("bob 1h\nalice 45m\nbob 30m\n")) == {"bob": 5400, "alice": 2700}


def test_render_pads_names():
    assert render({"alice": 11700, "bob": 3600}) == "alice  3:15\nbob    1:00\n"
