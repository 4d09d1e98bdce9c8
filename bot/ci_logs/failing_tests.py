"""Name the failing tests of a log, whichever runner wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_MOST = 500
_LONGEST = 300
_WIDEST = 500
_FILE = r"[\w./\\@+-]+"
# Each says in its group, or groups, which test failed.
_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        # pytest: summary, verbose, with xdist
        r"^(?:FAILED|ERROR) (\S+\.py(?:::\S.*?)?)(?: - .*)?$",
        rf"^(?:\[gw\d+\] (?:\[ *\d+%\] )?)?({_FILE}\.py::\S.*?) (?:FAILED|ERROR)\b",
        rf"^(?:\[gw\d+\] (?:\[ *\d+%\] )?)(?:FAILED|ERROR) ({_FILE}::\S.*?)\s*$",
        # unittest, nose, Django, testtools, cargo
        r"^(?:FAIL|ERROR): (\S+ \([\w.<>]+\)(?: \[.*\]| \(.*\))?)",
        r"^(?:FAIL|ERROR): ([A-Za-z_][\w.]*(?:\(.*\)|\[.*\])?(?: \(.*\))?)$",
        r"^test (\S.*?)(?: - should panic)? \.\.\. FAILED$",
        r"^(\w+ \([\w.]+\)) \.\.\. (?:FAIL|ERROR)$",
        r"^(\S+(?: \S+){0,8}) \.\.\. (?:FAIL|ERROR|FAILED)$",
        # go
        r"^\s*--- FAIL: (\S+)(?: \(|$)",
        r"^\s*=== FAIL: (\S+ \S+) \(",
        # nextest
        r"^\s*(?:FAIL|TIMEOUT|SIGABRT|SIGSEGV) \[\s*[\d.]+s\] (\S.*)$",
        # jest, vitest, ava, jasmine, karma
        r"^\s*● ((?!Console|Validation|Deprecation|Test suite failed).+)$",
        rf"^\s*FAIL\s+((?:\|[\w-]+\| )?{_FILE}\.(?:[cm]?[jt]sx?|vue|svelte|coffee)(?: > .*)?)(?: \(.*\))?$",
        r"^\s*[×✗✕✖✘]\s+(\S.*?)(?: \(\d+(?:\.\d+)? ?m?s\)| \d+ ?ms)?$",
        r"^\s*❌\s+(\S.*)$",
        r"^(?:\[[^\]]+\] )?(?:Chrome|HeadlessChrome|ChromeHeadless|Firefox|PhantomJS|Safari|Edge|IE|Opera|jsdom"
        r"|Electron)\S* .{0,60}\) (.+) FAILED$",
        # TAP, bats, Perl
        r"^\s*not ok \d+ (?:- )?((?!.*# (?:TODO|SKIP)).+?)(?: in \d+m?s(?:ec)?)?$",
        r"^#\s+Failed test '(.+)'",
        r"^(t/\S+\.t)\s+\(Wstat: [1-9]",
        # surefire, failsafe
        r"^(?:\[ERROR\]\s++)?([\w$.\[\]{}:, =()-]+\([\w.$]+\))\s+-?-? ?Time elapsed: .*<<< (?:FAILURE|ERROR)!",
        r"^(?:\[ERROR\]\s++)?([\w$.]+\.[\w$\[\]{}:, ()]+?) -- Time elapsed: .*<<< (?:FAILURE|ERROR)!",
        r"^(?:\[ERROR\]\s++)?(\S.*?)(?<!\s)\s++Time elapsed: .*<<< (?:FAILURE|ERROR)!",
        r"^(?:\[ERROR\]\s++)?(?:Failed tests: |Tests in error: )\s*(\w[\w$\[\]:,. =-]*\([\w.$]+\))(?::.*)?$",
        r"^(?:\[ERROR\]\s++)(?:Failed tests: |Tests in error: )?\s*([\w$.]+(?:->\w+)?\.[\w$]+(?:\[[^\]]*\])?):\d+",
        r"^(?:\[(?:ERROR|error)\]\s+)?Tests run:.*<<< (?:FAILURE|ERROR)!\s*-+ in ([\w.$]+)",
        # gradle, ant, testng
        r"^(?=.* FAILED$)(\S.* > .+) FAILED$",
        r"^\s*(?:\[junit\] )?Testcase: (\S.*?)(?: took [\d.]+ sec)?:?\s*(?:FAILED|Caused an ERROR)",
        r"^\s*\[junit\w*\] Test(?:Suite)? (\S+) (?:FAILED|failed)",
        r"^(?:\[testng\]\s+)?FAILED: (\S.*)$",
        r"methodSource \[className = '([\w.$]+)', methodName = '(\w+)'",
        # RSpec, minitest, cucumber
        r"^rspec (\./\S+(?:\[[\d:]+\])?) # (.+)$",
        r"^(?:bin/)?rails test (\S+\.rb:\d+)",
        r"^\s*([A-Z]\w*(?:::\w+)*#test_\S+?)(?:(?: \[.*\])?:?| =.*)$",
        r"^\s*(test_[^()\[]{1,200}\([A-Z][\w:]*\))(?: \[.*\])?:?$",
        r"^\s*FAIL\[\"([^\"]+)\", ",
        r"^\s*(?:FAIL|ERROR) ([A-Z]\w*(?:::\w+)*#\S+)",
        r"^cucumber (\S+:\d+) # (.+)$",
        # PHPUnit, pest, behat
        r"^\d+\) ([A-Z][\w\\]+::\w+.*)$",
        r"^\s*FAILED\s+([A-Z][\w\\]+ > .+)$",
        r"^\s*⨯\s+(\S.*?)(?:\s+[\d.]+s)?$",
        # ExUnit
        r"^\s+\d+\) ((?:test|doctest|property) .+ \([\w.]+\))$",
        # dotnet, xunit, NUnit
        r"^\s*(?:X|Failed|Failed!)\s+([A-Za-z_][\w.+`<>(),:\"' =\[\]-]*?) \[(?:< )?\d[^\]]*\]$",
        r"^(?:\[xUnit\.net [\d:.]+\])?\s*(\S.*?) \[FAIL\]$",
        r"^\d+\) (?:Failed|Error|Invalid) : (\S.*)$",
        # ctest, googletest, catch2
        r"^\s*\d+ - (\S+)(?: \((?:Failed|Timeout|SEGFAULT|Subprocess aborted|Not Run|Child aborted|ILLEGAL"
        r"|OTHER_FAULT|Exception|Bus error).*\))",
        r"^\s*\d+/\d+ Test +#\d+: (\S+) \.*\s*\*\*\*(?:Failed|Timeout|Exception|Not Run)",
        r"^\[  FAILED  \] ([\w/]+\.[\w/]+)(?:,? .*)?$",
        # sbt: ScalaTest, specs2, munit; lists of classes
        r"^\[(?:info|error)\] +- (.+) \*\*\* FAILED \*\*\*",
        r"^\[(?:info|error)\]\s+[x!] (\S.*)$",
        r"^\[error\] \t+([\w.$]+)$",
        r"^==> X ([\w.$]+\.\S.*?)(?:\s+[\d.]+s.*)?$",
        r"^- (.+) \*\*\* FAILED \*\*\*",
        # XCTest, dart, busted, hspec
        r"^Test Case '(?:-\[)?(.+?)\]?' failed",
        r"^\d\d:\d\d \+\d+(?: ~\d+)?(?: -\d+)?: (.+) \[E\]$",
        # QUnit, TestCafe, cypress and whatever says so in its first word
        r"^(?:Failure|Failed test|Test failed|TEST FAILED): ?(\S.*)$",
        r"^(?:Error|Failure) in:? (test\S*.*)$",
        r"^\s*(?:FAILED|FAIL|Failed):? ((?:[\w$]+[.#:/]+)+\w*[Tt]est\w*(?:[.#:]+\w+)*)",
    )
)
# A search for what stands at the beginning tries every other place too; all but two begin there.
_FINDERS = tuple(shape.match if shape.pattern.startswith("^") else shape.search for shape in _SHAPES)
# Where no summary names a test its header does.
_HEADERS = (
    re.compile(r"^_{3,} (?:ERROR at (?:setup|teardown) of |ERROR collecting )?(\S.*?) _{3,}$"),
    re.compile(r"^―{3,} (\S.*?) ―{3,}$"),
)
_NUMBERED = re.compile(r"^(\s*)(\d{1,4})\) (?:\[[^\]]*\] )?(\S.*)$")
# Between a double and a single rule unittest and nose write what they like.
_UNITTEST = re.compile(r"^(?:FAIL|ERROR): (\S.{2,200})$")
_ANT = re.compile(r"^\s*(?:\[junit\] )?Testcase: (\S.*?)(?: took [\d.,]+ sec)?$")
_ANT_FAILED = re.compile(r"^\s*+(?:\[junit\] )?\s*+(?:FAILED|Caused an ERROR)")
_MINITEST = re.compile(r"^\s*\d+\) (?:Failure|Error):$")
# Below these headings surefire lists what failed, until it counts.
_SUREFIRE = re.compile(r"^(?:\[ERROR\] )?(?:Failed tests|Tests in error|Failures|Errors): ?")
_SUREFIRE_END = re.compile(r"^(?:\[\w+\] )?Tests run:")
_LISTED = re.compile(
    r"^(?:\[ERROR\])?\s+(?:Run \d+: )?(?:([\w$][\w$\[\]{}:,. =-]*\([\w.$]+\))"
    r"|([A-Z][\w$]*(?:>[\w$]+)?\.[\w$]+(?:\[[^\]]*\])?)(?::\d+|»| »))"
)
_CARGO = re.compile(r"^failures:$")
_COLUMNS = re.compile(r"^    (\w[\w:]*(?:::\w+)+|\w+)$")
_HINT = re.compile(
    r"FAIL|[Ff]ail|ERROR|[Ee]rror|not ok|[●×✗✕✖✘❌⨯❯]|\d\) |rspec |cucumber |rails test|#test_|test_|TIMEOUT|Testcase"
    r"|___|―――|\[E\]|==> X|methodSource|\(\w[\w.$]*\)|^\s+[A-Z][\w$>]*\.|X |\[info\] "
)
_NOISE = re.compile(
    r"^(?:Tests run:|\d+ (?:tests?|failed|passed|errors?|problems?)|0 |None|No |in |the |of |test(?:s)? failed"
    r"|Build|Task |:"
    r"|Execution failed|\d+$)"
    r"|\d+ (?:failed|failing|failures?|passed|passing)\b|^https?://|\(skipped\)$|^InvocationError|^npm |^Command "
    r"|exit (?:code"
    r"|status)|^\W+$",
    re.IGNORECASE,
)


def find_failing_tests(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the names of failing tests in the order of the log."""
    found: dict[str, None] = {}
    for name in _find(lines):
        cleaned = " ".join(name.split())[:_LONGEST].rstrip(" :")
        if len(cleaned) > 2 and not _NOISE.search(cleaned):
            found.setdefault(cleaned)
        if len(found) >= _MOST:
            break
    names = list(found) or list(dict.fromkeys(_find_headers(lines)))[:_MOST]
    return tuple(_drop_parts(names))


def _find(lines: Sequence[str]) -> Iterator[str]:
    below_failures = below_counts = False
    known: dict[str, str] = {}  # what a line names that came before
    for place, line in enumerate(lines):
        if _SUREFIRE.match(line):
            below_counts = True
        elif below_counts:
            below_counts = _SUREFIRE_END.match(line) is None
            listed = _LISTED.match(line)
            if listed is not None:
                yield listed[1] or listed[2]
                continue
        if not line or not _HINT.search(line) or len(line) > _WIDEST:
            below_failures = below_failures and (not line.strip() or _COLUMNS.match(line) is not None)
            match = _COLUMNS.match(line) if below_failures else None
            if match is not None:
                yield match[1]
            continue
        if _CARGO.match(line):
            below_failures = True
            continue
        numbered = _NUMBERED.match(line)
        if numbered is not None:
            yield from _read_numbered(lines, place, numbered)
        unittest = _UNITTEST.match(line)
        if unittest is not None and place and lines[place - 1].startswith("====="):
            yield unittest[1]
            continue
        ant = _ANT.match(line)
        if ant is not None and place + 1 < len(lines) and _ANT_FAILED.match(lines[place + 1]):
            yield ant[1]
            continue
        if line not in known:
            known[line] = _name(line)
        if known[line]:
            yield known[line]


def _name(line: str) -> str:
    """Return the test that a line of some runner names, or ""."""
    match = next((match for find in _FINDERS if (match := find(line)) is not None), None)
    return " ".join(part for part in match.groups() if part) if match is not None else ""


def _read_numbered(lines: Sequence[str], place: int, first: re.Match[str]) -> Iterator[str]:
    """Yield the name of mocha, RSpec, jasmine: it may go over lines."""
    line = lines[place]
    if _MINITEST.match(line):
        if place + 1 < len(lines):
            yield lines[place + 1].partition(" [")[0].strip(" :")
        return
    parts = [first[3]]
    indent = len(first[1])
    for following in lines[place + 1 : place + 7]:
        if parts[-1].endswith(":") or not following.strip():
            break
        deeper = len(following) - len(following.lstrip())
        if deeper <= indent or following.lstrip().startswith("Failure/Error"):
            break
        parts.append(following.strip())
        indent = deeper
    yield " ".join(parts) if parts[-1].endswith(":") else parts[0]


def _find_headers(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        for header in _HEADERS:
            match = header.match(line)
            if match is not None and not _NOISE.search(match[1]):
                yield match[1]


def _drop_parts(names: Sequence[str]) -> Iterator[str]:
    """Yield names, but none that is only the end or the start of another."""
    if len(names) > 200:
        yield from names
        return
    for name in names:
        if not any(name != other and (other.endswith(name) or other.startswith(name + " ")) for other in names):
            yield name
