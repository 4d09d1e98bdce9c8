"""Catch2 below CTest: cases that the build registers, and an exit that CTest calls passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchains.cpp.test_cmake import FAILED, PASSED, change, run
from tests.toolchains.zoos import below, open_zoo, told

pytestmark = pytest.mark.needs("catch2")
ZOO = Path(__file__).parent / "zoo" / "catch2"


async def test_cases_of_catch2(tmp_path: Path) -> None:
    opened = await open_zoo(ZOO, tmp_path)
    done = await run(opened)
    assert done.completeness.culprits == ("prices_test.cpp::exits with 0",)
    assert told(done) == below(
        "prices_test.cpp",
        {
            "passes": PASSED,
            "fails in a section": FAILED,
            "throws": FAILED,
            "asserts nothing": PASSED,
            "may fail": PASSED,
            "should fail": PASSED,
            'a, "hostile" [name] <&>': PASSED,
            "signal": ("error", "call"),
            "exits with 3": FAILED,
            "exits with 0": ("error", "crash"),
            "whole": ("error", "call"),
        },
    ) | {"sums_test.cpp::sums in another file": PASSED}  # fmt: skip
    text = '#include <catch2/catch.hpp>\nTEST_CASE("new") { CHECK(1 == 2); }\n'
    done = await run(change(opened, tmp_path / "new", {"new_test.cpp": text}), "new_test.cpp")
    assert told(done) == {"new_test.cpp::new_test": FAILED}
    text = text.replace("CHECK(1 == 2)", "exit(0)")
    done = await run(change(opened, tmp_path / "exit", {"new_test.cpp": text}), "new_test.cpp")
    assert done.completeness.culprits == ("new_test.cpp::new_test",)
