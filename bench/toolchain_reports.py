"""Readers of runners' reports under hostile input: mutated, huge, and as long as a large suite makes them.

``mutated``: reports of 20 tests with pieces cut out, doubled and put in; an exception other than our own is a fault.
``seconds`` and ``mb``: 10,000 tests read and folded. ``hostile``: seconds until a report of 64 MiB is refused,
``longest`` until one of 32 MiB, the most that is read, is refused or read: a broken report again and again, and shapes
for which a reader that looks at one part of its text more than once would need hours. Seconds are of processor time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.sandbox.port import CommandResult
from bot.toolchains.cpp.automake import Check, read_console
from bot.toolchains.cpp.ctest import read_run as read_ctest
from bot.toolchains.cpp.gtest import read_gtest
from bot.toolchains.cpp.meson import read_run as read_meson
from bot.toolchains.cpp.registered import Ended, Registered
from bot.toolchains.dotnet.projects import Project
from bot.toolchains.dotnet.report import read_report as read_dotnet
from bot.toolchains.dotnet.report import read_sequence
from bot.toolchains.events import Case, Fold, Plan, Record
from bot.toolchains.go.packages import Package
from bot.toolchains.go.report import Report as GoReport
from bot.toolchains.junit import read_junit
from bot.toolchains.jvm.surefire import read_report as read_surefire
from bot.toolchains.port import TestCase, ToolchainError
from bot.toolchains.results import MAX_BYTES, read_bounded, read_signed
from bot.toolchains.rust.report import read_suite
from bot.toolchains.shell.report import Report as BatsReport
from bot.toolchains.tap import read_tap
from bot.toolchains.trx import read_trx

_KEY = b"key"
_SMALL, _LARGE = 20, 10_000
_HOSTILE = 64 * 1024 * 1024
_PIECES = (b"", b"<", b"</", b"{", b"[", b'"', b"null", b"9" * 400, b"\x00", b"\xff\xfe", b"]]>", b"-1", b"\n", b"&#0;")
_RESULT = CommandResult(argv=(), exit_code=0, output="", truncated=False, seconds=1, peak_mb=None, ended="exit")


class Reader(NamedTuple):
    """Reader of one format: how it writes that many tests, and reads them."""

    name: str
    write: Callable[[int], bytes]
    read: Callable[[bytes, int], Sequence[Record]]


def name(number: int) -> str:
    return f"adds_{number}"


def case(id: str, key: str = "") -> Case:
    return Case(case=TestCase(id=id, verdict="passed"), key=key or id)


def lines(*each: Iterator[str] | Sequence[str]) -> bytes:
    return "\n".join(line for one in each for line in one).encode()


def write_signed(count: int) -> bytes:
    chain = hmac.new(_KEY, digestmod=hashlib.sha256)
    found = []
    for number in range(count):
        body = json.dumps({"event": "case", "case": {"id": f"a.py::{name(number)}", "verdict": "passed"}}).encode()
        chain.update(body)
        found.append(chain.hexdigest().encode() + b" " + body)
    return b"\n".join(found)


def write_junit(count: int) -> bytes:
    cases = (f'<testcase classname="shop.Cart" name="{name(one)}" time="0.1"/>' for one in range(count))
    return lines(["<testsuite>"], cases, ["</testsuite>"])


def write_trx(count: int) -> bytes:
    known = (f'<UnitTest id="t{one}"><TestMethod className="S.C" name="x"/></UnitTest>' for one in range(count))
    told = (f'<UnitTestResult testId="t{one}" testName="S.C.{name(one)}" outcome="Passed"/>' for one in range(count))
    return lines(["<TestRun>"], told, known, [f'<Counters total="{count}"/></TestRun>'])


def write_sequence(count: int) -> bytes:
    tests = (f'<Test Name="S.C.{name(one)}" Completed="False"/>' for one in range(count))
    return lines(["<TestSequence>"], tests, ["</TestSequence>"])


def write_tap(count: int) -> bytes:
    return lines([f"1..{count}"], (f"ok {one + 1} - {name(one)}" for one in range(count)))


def write_go(count: int) -> bytes:
    each = ((action, f"Test{name(one)}") for one in range(count) for action in ("run", "output", "pass"))
    told = (json.dumps({"Action": action, "Package": "a", "Test": test, "Output": "x\n"}) for action, test in each)
    return lines(told, ['{"Action": "pass", "Package": "a"}'])


def read_go(text: bytes, count: int) -> Sequence[Record]:
    functions = {f"Test{name(one)}": "a_test.go" for one in range(count)}
    package = Package("a", ".", functions, frozenset(functions))
    report = GoReport({"a": package}, frozenset(("a", one) for one in functions))
    report.add(text, "")
    return list(report.list_records())


def write_rust(count: int) -> bytes:
    told = (
        f'{{ "type": "test", "event": "{event}", "name": "{name(one)}" }}'
        for one in range(count)
        for event in ("started", "ok")
    )
    return lines([f'{{ "type": "suite", "event": "started", "test_count": {count} }}'], told)


def read_rust(text: bytes, count: int) -> Sequence[Record]:
    log = lines(f"ok {name(one)}" for one in range(count))
    return [case(one) for one in read_suite(text, log).results]


def write_bats(count: int) -> bytes:
    each = (f"begin {one} {name(one)}\nok {one} {name(one)} in 5ms" for one in range(1, count + 1))
    return lines([f"1..{count}"], each)


def read_bats(text: bytes, count: int) -> Sequence[Record]:
    report = BatsReport({"a.bats": [name(one) for one in range(1, count + 1)]})
    report.read(text)
    return list(report.list_records({}))


def list_registered(count: int) -> list[Registered]:
    return [Registered(one, name(one)) for one in range(1, count + 1)]


def tell_ended(ended: dict[int, Ended]) -> Sequence[Record]:
    return [case(f"a.c::{number}") for number in ended]


def write_ctest(count: int) -> bytes:
    each = (f"      Start {one}: {name(one)}\n{one}/{count} Test #{one}: {name(one)} ...   Passed    0.01 sec"
            for one in range(1, count + 1))  # fmt: skip
    return lines(each)


def write_meson(count: int) -> bytes:
    return lines(f" {one}/{count} zoo / {name(one)}       OK              0.01s" for one in range(1, count + 1))


def read_meson_run(text: bytes, count: int) -> Sequence[Record]:
    log = lines(json.dumps({"name": f"zoo / {name(one)}", "result": "OK"}) for one in range(1, count + 1))
    read_meson(text, text, list_registered(_SMALL))
    return tell_ended(read_meson(text, log, list_registered(count))[0])


def write_automake(count: int) -> bytes:
    return lines(f"PASS: {name(one)}" for one in range(count))


def read_automake(text: bytes, count: int) -> Sequence[Record]:
    checks = [Check("", name(one), "a.c") for one in range(count)]
    return list(read_console(text.decode(errors="replace"), checks, ""))


def write_gtest(count: int) -> bytes:
    rows = [{"name": name(one), "result": "COMPLETED", "time": "0.5s", "file": "/work/a.cpp", "line": 3}
            for one in range(count)]  # fmt: skip
    return json.dumps({"testsuites": [{"name": "S", "testsuite": rows}]}).encode()


_PROJECT = Project("a.csproj", {"S.C": "C.cs"}, ("C.cs",))
READERS = (
    Reader("signed", write_signed, lambda text, _: list(read_signed(text.split(b"\n"), _KEY))),
    Reader("junit", write_junit, lambda text, _: read_junit(text)),
    Reader("surefire", write_junit, lambda text, _: read_surefire(text, "core")),
    Reader("tap", write_tap, lambda text, _: read_tap(text.decode(errors="replace"))),
    Reader("trx", write_trx, lambda text, _: read_trx(text)),
    Reader("dotnet", write_trx, lambda text, _: read_dotnet(text, _PROJECT, "0")[0]),
    Reader("blame", write_sequence, lambda text, _: list(read_sequence(text, _PROJECT))),
    Reader("go", write_go, read_go),
    Reader("libtest", write_rust, read_rust),
    Reader("bats", write_bats, read_bats),
    Reader("ctest", write_ctest, lambda text, count: tell_ended(read_ctest(text, None, list_registered(count))[0])),
    Reader("meson", write_meson, read_meson_run),
    Reader("automake", write_automake, read_automake),
    Reader("gtest", write_gtest, lambda text, _: [case(one.name) for one in read_gtest(text) or ()]),
)


class Shape(NamedTuple):
    """Report with one piece again and again."""

    piece: bytes
    head: bytes = b""
    tail: bytes = b""

    def write(self, size: int) -> bytes:
        room = size - len(self.head) - len(self.tail)
        return self.head + self.piece * (room // len(self.piece)) + self.tail


_LONG = b"x" * 1_000_000
_BATS = b"1..20\nbegin 1 adds_1\n"
# What once took time by the square of its length, or would with one more search.
SHAPES: dict[str, tuple[Shape, ...]] = {
    "junit": (
        Shape(b"] (", b'<testsuite file="a.py"><testcase name="test [', b'"/></testsuite>'),
        Shape(b'<testcase name="a"/>', b'<testsuite name="a">' * 190, b"</testsuite>" * 190),
        Shape(b'<testcase name="a"/>', b'<testsuite name="' + _LONG + b'">', b"</testsuite>"),
    ),
    "surefire": (Shape(b"<testsuite ", b"<a>"),),
    "tap": (
        Shape(b"  \n", b"not ok 1 - a\n"),
        Shape(b" ", b"# a", b"x\nok 1 a\n1..1\n# pass  1\n"),
        Shape(b"a.t .. \nok 1\n1..1\n", b"", b"Result: PASS\n"),
        Shape(b"    ok - a\n" * 90_000, b"", b"    1..90000\nok 1 - " + _LONG + b"\n1..1\n"),
        Shape(b"ok 1\n" * 90_000 + b"# \n" * 9_000_000, b"# " + _LONG + b"\n", b"# pass  1\n"),
    ),
    "trx": (
        Shape(
            b'<UnitTestResult testId="t" testName="a"/>',
            b'<TestRun><UnitTest id="t"><TestMethod className="' + _LONG + b'"/></UnitTest>',
            b"</TestRun>",
        ),
    ),
    "dotnet": (
        Shape(b"+a", b'<TestRun><UnitTest id="t"><TestMethod className="a', b'"/></UnitTest><UnitTestResult testId="t" '
              b'testName="a"/></TestRun>'),
    ),
    "bats": (
        Shape(b"# x\n", _BATS + b"not ok 1 adds_1 in 5ms\n"),
        Shape(b"#  \n", b"1..20\nnot ok 1 setup_file failed\n"),
        Shape(b"ok 1 in ", b"1..20\nbegin 1 " + b"in ok 1 " * 100_000 + b"in ok 1\n"),
    ),
    "ctest": (Shape(b" ", b"1/1 Test #1: adds_1", b"x\n"),),
    "meson": (
        Shape(b" ", b"1/1 adds_1", b"x\n"),
        Shape(b"a / ", b"1/1 ", b"a  OK  0.01s\n"),
    ),
    "automake": (Shape(b"a ", b"PASS: "),),
}  # fmt: skip


def fold(reader: Reader, text: bytes, count: int) -> int:
    """Read and fold a report; return how many tests it has."""
    records = [record for record in reader.read(text, count) if not (isinstance(record, Plan) and not record.id)]
    return len(Fold().add(records).close(_RESULT).cases)


def mutate(text: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(text) + 1), chance.choice((0, 1, 3, 30, 200))
        piece = chance.choice((*_PIECES, text[at : at + length], bytes([chance.randrange(256)])))
        text = text[:at] + piece * chance.choice((1, 1, 2)) + text[at + chance.choice((0, length)) :]
    return text


def count_faults(reader: Reader, tries: int) -> int:
    """Count the mutated reports that raise what is not our own error."""
    chance = random.Random(reader.name)
    whole = reader.write(_SMALL)
    faults = 0
    for _ in range(tries):
        text = mutate(whole, chance)
        try:
            fold(reader, text, _SMALL)
        except ToolchainError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is counted
            faults += 1
            print(f"{reader.name}: {type(error).__name__}: {error}: {text!r}"[:2000], flush=True)
    return faults


def measure_large(reader: Reader) -> tuple[float, float]:
    """Return seconds and MB for a large suite."""
    text = reader.write(_LARGE)
    began = time.process_time()
    found = fold(reader, text, _LARGE)
    seconds = time.process_time() - began
    if found != _LARGE:
        raise SystemExit(f"{reader.name} read {found} of {_LARGE} tests")
    tracemalloc.start()
    fold(reader, text, _LARGE)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return seconds, peak


def measure_hostile(reader: Reader, folder: Path, size: int) -> float:
    """Return the seconds until a report of a size is refused, or read, of processor time."""
    shapes = [Shape(reader.write(_SMALL)[:-3] + b"<a>[{("), *(SHAPES.get(reader.name, ()) if size <= MAX_BYTES else ())]
    return max(measure_shape(reader, folder, shape.write(size)) for shape in shapes)


def measure_shape(reader: Reader, folder: Path, text: bytes) -> float:
    file = folder / reader.name
    file.write_bytes(text)
    began = time.process_time()
    with contextlib.suppress(ToolchainError):
        fold(reader, read_bounded(file) or b"", _SMALL)
    file.unlink()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--mutated", type=int, default=100_000, help="mutated reports in all")
    parser.add_argument("--only", default="", help="readers to measure, by a part of their name")
    options = parser.parse_args()
    chosen = [one for one in READERS if options.only in one.name]
    tries = options.mutated // len(chosen)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for reader in chosen:
            seconds, peak = measure_large(reader)
            hostile = measure_hostile(reader, Path(folder), _HOSTILE)
            longest = measure_hostile(reader, Path(folder), MAX_BYTES)
            faults = count_faults(reader, tries)
            rows[reader.name] = (seconds, peak, hostile, longest, faults)
            print(
                f"{reader.name:<10} {seconds:6.2f} s {peak:6.1f} MB {hostile:6.3f} s {longest:6.2f} s {faults} faults",
                flush=True,
            )
    worst = [round(max(row[at] for row in rows.values()), 3) for at in range(4)]
    names = ("seconds", "mb", "hostile", "longest")
    faults = sum(row[4] for row in rows.values())
    told = {"readers": len(rows), "mutated": tries * len(chosen), "faults": faults}
    print(json.dumps({**told, **dict(zip(names, worst, strict=True))}))


if __name__ == "__main__":
    main()
