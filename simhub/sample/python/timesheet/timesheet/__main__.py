"""``python -m timesheet FILE``."""

import sys
from pathlib import Path

from timesheet.report import render, totals
from timesheet.sheet import read_sheet

if __name__ == "__main__":
    sys.stdout.write(render(totals(read_sheet(Path(sys.argv[1]).read_text()))))
