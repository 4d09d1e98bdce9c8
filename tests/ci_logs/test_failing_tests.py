"""The failing tests of each runner are named, and nothing that passed."""

from __future__ import annotations

import pytest

from bot.ci_logs import find_failing_tests

RUNNERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pytest": (
        "tests/test_a.py::test_one PASSED\n"
        "tests/test_a.py::test_two[x-1] FAILED [ 50%]\n"
        "=== short test summary info ===\n"
        "FAILED tests/test_a.py::test_two[x-1] - assert 1 == 2\n"
        "ERROR tests/test_b.py::test_three - RuntimeError: no\n"
        "= 1 failed, 1 passed in 0.1s =",
        ("tests/test_a.py::test_two[x-1]", "tests/test_b.py::test_three"),
    ),
    "pytest without its summary": (
        "=== FAILURES ===\n______ TestShop.test_total ______\n    def test_total(self):\n>       assert 1 == 2",
        ("TestShop.test_total",),
    ),
    "xdist": (
        "[gw1] [ 50%] FAILED tests/test_a.py::TestX::test_y ",
        ("tests/test_a.py::TestX::test_y",),
    ),
    "unittest": (
        "test_ok (app.tests.Shop) ... ok\n"
        "=====================\n"
        "FAIL: test_total (app.tests.Shop)\n"
        "--------\n"
        "=====================\n"
        "ERROR: setUpClass (app.tests.Cart)\n"
        "--------\n"
        "FAILED (failures=1, errors=1)",
        ("test_total (app.tests.Shop)", "setUpClass (app.tests.Cart)"),
    ),
    "go": (
        "=== RUN   TestTotal\n"
        "    shop_test.go:9: got 1\n"
        "--- FAIL: TestTotal (0.00s)\n"
        "    --- FAIL: TestTotal/empty (0.00s)\n"
        "--- PASS: TestOther (0.00s)\n"
        "FAIL\n"
        "exit status 1\n"
        "FAIL\texample.org/shop\t0.004s",
        ("TestTotal/empty",),
    ),
    "cargo": (
        "test shop::total ... FAILED\n"
        "test shop::other ... ok\n"
        "\n"
        "failures:\n"
        "    shop::total\n"
        "\n"
        "test result: FAILED. 1 passed; 1 failed;",
        ("shop::total",),
    ),
    "nextest": (
        "        FAIL [   0.005s] shop tests::total",
        ("shop tests::total",),
    ),
    "jest": (
        "FAIL src/shop.test.js\n"
        "  ● Shop › adds up\n"
        "\n"
        "    expect(received).toBe(expected)\n"
        "  ● Console\n"
        "Tests:       1 failed, 2 passed",
        ("src/shop.test.js", "Shop › adds up"),
    ),
    "vitest": (
        " ❯ src/shop.test.ts  (2 tests | 1 failed) 5ms\n"
        "   × Shop > adds up 3ms\n"
        " FAIL  src/shop.test.ts > Shop > adds up\n"
        "",
        ("src/shop.test.ts > Shop > adds up",),
    ),
    "mocha": (
        "  3 passing (9ms)\n  1 failing\n\n  1) Shop\n       cart\n         adds up:\n\n      AssertionError: 1 == 2",
        ("Shop cart adds up",),
    ),
    "ava": (
        "  ✖ shop › adds up Difference:\n  1 test failed",
        ("shop › adds up Difference",),
    ),
    "TAP": (
        "ok 1 - a\nnot ok 2 - adds up\nnot ok 3 - later # TODO\n1..3",
        ("adds up",),
    ),
    "bats": (
        " ✗ adds up\n   (in test file a.bats, line 3)\n\n2 tests, 1 failure",
        ("adds up",),
    ),
    "surefire": (
        "[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0 <<< FAILURE! -- in org.a.ShopTest\n"
        "[ERROR] org.a.ShopTest.total -- Time elapsed: 0.02 s <<< FAILURE!\n"
        "[INFO] Results:\n"
        "[ERROR] Failures: \n"
        "[ERROR]   ShopTest.total:12 expected: <1> but was: <2>\n"
        "[ERROR] Tests run: 2, Failures: 1",
        ("org.a.ShopTest.total",),
    ),
    "old surefire": (
        "Failed tests:   total(org.a.ShopTest): expected 1\n  other(org.a.ShopTest): no\n\nTests run: 2, Failures: 2",
        ("total(org.a.ShopTest)", "other(org.a.ShopTest)"),
    ),
    "gradle": (
        "org.a.ShopTest > total() FAILED\n"
        "    java.lang.AssertionError at ShopTest.java:12\n"
        "\n"
        "3 tests completed, 1 failed",
        ("org.a.ShopTest > total()",),
    ),
    "ant": (
        "    [junit] Testcase: testTotal took 0.1 sec\n    [junit] \tFAILED\n    [junit] Testcase: testOk took 0 sec",
        ("testTotal",),
    ),
    "RSpec": (
        "Failures:\n"
        "\n"
        "  1) Shop adds up\n"
        "     Failure/Error: expect(1).to eq 2\n"
        "\n"
        "rspec ./spec/shop_spec.rb:4 # Shop adds up",
        ("./spec/shop_spec.rb:4 Shop adds up",),
    ),
    "minitest": (
        "  1) Failure:\nShopTest#test_total [test/shop_test.rb:5]:\nExpected: 1\n  Actual: 2",
        ("ShopTest#test_total",),
    ),
    "PHPUnit": (
        "There was 1 failure:\n\n1) App\\ShopTest::testTotal with data set #0\nFailed asserting that 1 is 2.",
        ("App\\ShopTest::testTotal with data set #0",),
    ),
    "ExUnit": (
        "  1) test adds up (ShopTest)\n     test/shop_test.exs:5\n     Assertion with == failed",
        ("test adds up (ShopTest)",),
    ),
    "dotnet": (
        "  Failed Shop.Tests.Total(1, 2) [5 ms]\n"
        "  Passed Shop.Tests.Other [1 ms]\n"
        "[xUnit.net 00:00:00.50]     Shop.Tests.Sum [FAIL]",
        ("Shop.Tests.Total(1, 2)", "Shop.Tests.Sum"),
    ),
    "ctest": (
        "The following tests FAILED:\n"
        "\t  2 - shop_total (Failed)\n"
        "\t  3 - shop_slow (Timeout)\n"
        "Errors while running CTest",
        ("shop_total", "shop_slow"),
    ),
    "googletest": (
        "[       OK ] Shop.Other (0 ms)\n"
        "[  FAILED  ] Shop.Total (0 ms)\n"
        "[  FAILED  ] 1 test, listed below:\n"
        "[  FAILED  ] Shop.Total",
        ("Shop.Total",),
    ),
    "sbt": (
        "[info] - adds up *** FAILED ***\n[info]   1 did not equal 2\n[error] Failed tests:\n[error] \torg.a.ShopSpec",
        ("adds up", "org.a.ShopSpec"),
    ),
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_each_runner_is_understood(runner: str) -> None:
    log, wanted = RUNNERS[runner]
    named = find_failing_tests(log.split("\n"))
    assert set(wanted) <= set(named)
    assert not any(
        word in name for name in named for word in ("Other", "other ", "test_ok", "testOk", "test_one", "Console")
    )


def test_a_green_log_names_nothing() -> None:
    log = (
        "tests/test_error.py::test_failed_login PASSED\n0 failed, 12 passed\nTests run: 3, Failures: 0, Errors: 0\n"
        "ok 1 - not ok is a word\n[  PASSED  ] 3 tests.\n--- PASS: TestFail (0.00s)\n✓ says FAIL (2 ms)\n"
    )
    assert find_failing_tests(log.split("\n")) == ()
