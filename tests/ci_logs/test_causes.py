"""Frames of seven languages are read; a cause keeps its fingerprint over lines, runs and machines."""

from __future__ import annotations

import pytest

from bot.ci_logs import Frame, find_cause, find_frames, make_fingerprint

PYTHON = """Traceback (most recent call last):
  File "/home/runner/work/shop/shop/tests/test_cart.py", line {line}, in test_total
    assert total(cart) == 3
  File "/home/runner/work/shop/shop/shop/cart.py", line {line}, in total
    raise ValueError("no price for 'tea' at {time}")
  File "/opt/hostedtoolcache/Python/3.12.1/x64/lib/python3.12/decimal.py", line 9, in parse
ValueError: no price for 'tea' at {time}"""


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        ('  File "/srv/shop/cart.py", line 12, in total', Frame("/srv/shop/cart.py", 12, "total", True)),
        ('  File "/usr/lib/python3/json.py", line 3, in decode', Frame("/usr/lib/python3/json.py", 3, "decode", False)),
        ("shop/cart.py:12: ValueError", Frame("shop/cart.py", 12, "", True)),
        ("\tat org.shop.Cart$Inner.total(Cart.java:12)", Frame("org/shop/Cart.java", 12, "total", True)),
        ("\tat java.base/java.util.List.of(List.java:9)", Frame("java/util/List.java", 9, "of", False)),
        ("    at Cart.total (/srv/shop/src/cart.js:12:5)", Frame("/srv/shop/src/cart.js", 12, "total", True)),
        ("    at async file:///srv/shop/src/cart.mjs:12:5", Frame("/srv/shop/src/cart.mjs", 12, "", True)),
        ("    at Module._compile (node:internal/modules/cjs/loader.js:1:2)", None),
        ("\t/srv/shop/cart.go:12 +0x1d", Frame("/srv/shop/cart.go", 12, "", True)),
        ("    cart_test.go:12: got 1", Frame("cart_test.go", 12, "", True)),
        ("             at ./src/cart.rs:12:5", Frame("src/cart.rs", 12, "", True)),
        ("thread 'main' panicked at src/cart.rs:12:5:", Frame("src/cart.rs", 12, "", True)),
        ("\tfrom /srv/shop/lib/cart.rb:12:in `total'", Frame("/srv/shop/lib/cart.rb", 12, "total", True)),
        ("   at Shop.Cart.Total(Int32 a) in /srv/shop/Cart.cs:line 12", Frame("/srv/shop/Cart.cs", 12, "Total", True)),
    ],
)  # fmt: skip
def test_frames_are_read(line: str, frame: Frame | None) -> None:
    found = find_frames([line])
    if frame is None:
        assert not any(one.own for one in found)
    else:
        assert found == (frame,)


def test_a_cause_is_the_exception_with_the_innermost_own_frame() -> None:
    cause = find_cause(PYTHON.format(line=12, time="10:00:01").split("\n"))
    assert (cause.kind, cause.path.rpartition("/")[2], cause.function) == ("ValueError", "cart.py", "total")
    assert cause.message.startswith("no price for")


def test_a_fingerprint_survives_what_changes_from_run_to_run() -> None:
    one = make_fingerprint(PYTHON.format(line=12, time="10:00:01").split("\n"))
    moved = PYTHON.replace("/home/runner/work/shop/shop/", "/builds/42/").format(line=40, time="11:30:59")
    assert make_fingerprint(["Set up", *moved.split("\n")]) == one
    other = PYTHON.replace("no price for", "no stock of").format(line=12, time="10:00:01")
    assert make_fingerprint(other.split("\n")) != one
    elsewhere = PYTHON.replace("in total", "in refund").format(line=12, time="10:00:01")
    assert make_fingerprint(elsewhere.split("\n")) != one


@pytest.mark.parametrize(
    ("line", "kind", "path"),
    [
        ("src/cart.ts(12,5): error TS2322: Type 'x' is not assignable to type 'y'.", "TS2322", "src/cart.ts"),
        ("shop/cart.py:12:1: F401 'os' imported but unused", "F401", "shop/cart.py"),
        ("shop/cart.c:12:5: error: unknown type name 'price'", "error", "shop/cart.c"),
        ("thread 'main' panicked at src/cart.rs:12:5:", "panic", "src/cart.rs"),
    ],
)
def test_findings_of_compilers_and_checkers_are_causes(line: str, kind: str, path: str) -> None:
    cause = find_cause([line])
    assert (cause.kind, cause.path) == (kind, path)
    assert make_fingerprint([line]) == make_fingerprint(["noise", line.replace("12", "88")])


def test_a_hostile_log_is_only_text() -> None:
    for line in ("test_a(" * 300, "[ERROR] " * 300, "at a.b(" * 300, 'File "' * 300, "\x1b[" * 900, "❯ " * 900):
        lines = [line] * 50
        assert isinstance(make_fingerprint(lines), str)
        assert len(find_frames(lines)) <= 400
