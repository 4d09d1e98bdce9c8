"""What a job ran with is read from its log, and compared with the last green run."""

from __future__ import annotations

import pytest

from bot.ci_logs import compare_versions, find_versions


@pytest.mark.parametrize(
    ("line", "versions"),
    [
        ("Current runner version: '2.336.0'", {"Current runner version": "2.336.0"}),
        ("Image: ubuntu-24.04", {"Image": "ubuntu-24.04"}),
        ("Version: 20260101.1.0", {}),  # of what, it does not say
        ("platform linux -- Python 3.12.1, pytest-8.1.0, pluggy-1.5.0", {"pytest": "8.1.0", "pluggy": "1.5.0"}),
        ("plugins: cov-5.0.0, anyio-4.3.0", {"cov": "5.0.0", "anyio": "4.3.0"}),
        ("node: v20.11.1", {"node": "v20.11.1"}),
        ("go version go1.22.1 linux/amd64", {"go version go": "1.22.1"}),
        ("rustc 1.77.0 (aedd173a2 2024-03-17)", {"rustc": "1.77.0"}),
        ("Successfully installed attrs-23.2.0 my-pkg-1.0rc1", {"attrs": "23.2.0", "my-pkg": "1.0rc1"}),
        (" + attrs==23.2.0", {"attrs": "23.2.0"}),
        ("Downloading attrs-23.2.0-py3-none-any.whl (60 kB)", {}),
        ("12 passed in 0.4s", {}),
    ],
)
def test_versions_are_read_where_a_line_is_about_them(line: str, versions: dict[str, str]) -> None:
    found = find_versions([line])
    assert versions.items() <= found.items()
    assert versions or not found


def test_only_what_both_runs_tell_is_compared() -> None:
    green = {"Python": "3.12.1", "pytest": "8.1.0", "gone": "1"}
    red = {"Python": "3.12.2", "pytest": "8.1.0", "new": "2"}
    assert compare_versions(green, red) == ("Python: 3.12.1 → 3.12.2",)
