"""Read logs of CI as text: pure functions, no network, no trust in what a line claims to be.

``read_step`` cleans a log and cuts the failing step; ``write_excerpt`` chooses its telling lines;
``find_failing_tests``, ``find_errors`` and ``find_frames`` name what they show; ``make_fingerprint`` says whether two
logs fail for one cause.
"""

from bot.ci_logs.cause import Cause, find_cause, make_fingerprint
from bot.ci_logs.environment import compare_versions, find_versions
from bot.ci_logs.excerpt import Step, excerpt, find_errors, list_errors, read_step, write_excerpt
from bot.ci_logs.failing_tests import find_failing_tests
from bot.ci_logs.frames import Frame, find_frames, find_traces
from bot.ci_logs.reading import Period, read_lines, read_log

__all__ = [
    "Cause",
    "Frame",
    "Period",
    "Step",
    "compare_versions",
    "excerpt",
    "find_cause",
    "find_errors",
    "find_failing_tests",
    "find_frames",
    "find_traces",
    "find_versions",
    "list_errors",
    "make_fingerprint",
    "read_lines",
    "read_log",
    "read_step",
    "write_excerpt",
]
