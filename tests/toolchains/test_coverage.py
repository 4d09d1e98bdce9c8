"""Which lines ran: reports as the languages' own tools write them, hostile ones, and what runners really tell."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import Sandbox
from bot.sandbox.process import Process
from bot.settings import Checks, Settings
from bot.toolchains.coverage import Counter, CoverageError, Reports, Sources
from bot.toolchains.go.profile import read_profiles
from bot.toolchains.lcov import read_lcov
from bot.toolchains.node.v8 import read_v8
from bot.toolchains.port import Hits, Workspace
from bot.toolchains.repository import make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

GO = """package prices

// Sign is one of "-" and "".
func Sign(x int) string {
	if x < 0 {
		// it is written
		return "-"
	}
	return ""
}
"""
# go 1.19, two test programs
PROFILE = """mode: set
example.com/basket/prices/prices.go:4.25,5.11 1 1
example.com/basket/prices/prices.go:9.2,9.11 1 1
example.com/basket/prices/prices.go:5.11,8.3 1 0
example.com/basket/prices/prices.go:4.25,5.11 1 0
example.com/basket/prices/prices.go:9.2,9.11 1 0
example.com/basket/prices/prices.go:5.11,8.3 1 0
example.com/other/prices/prices.go:1.1,9.11 1 0
"""
JS = """export function sign(x) {
  if (x < 0) {
    /* it
       is written */
    return "-";
  }
  const é = "🙂"; return é;
}
export const unused = () => {
  return 1;
};
"""
RUBY = "def sign(x)\n  if x < 0\n    '-'\n  else\n    ''\n  end\nend\n"


def script(*functions: list[tuple[int, int, int]], **more: object) -> bytes:
    ranges = [
        {"ranges": [dict(zip(("startOffset", "endOffset", "count"), one, strict=True)) for one in each]}
        for each in functions
    ]
    return json.dumps(
        {"result": [{"url": "node:x"}, {"url": "file:///work/src/sign.js", "functions": ranges}], **more}
    ).encode()


SIGN = Sources({"src/sign.js": JS}, {"/work": ""})
WHOLE = (0, len(JS.encode("utf-16-le")) // 2, 1)
NEVER = (JS.index(" {\n    /*"), JS.index("\n  const"), 0)
UNUSED = (JS.index("() =>") + 1, JS.rindex(";") + 1, 0)


def test_a_profile_of_go_tells_of_lines_with_a_word_in_them() -> None:
    sources = Sources({"sub/prices/prices.go": GO}, {"example.com/basket": "sub"})
    assert read_profiles([PROFILE.encode()], sources) == {"sub/prices/prices.go": {5: 1, 7: 0, 9: 1}}
    again = PROFILE.replace("8.3 1 0", "8.3 1 1").encode()
    assert read_profiles([PROFILE.encode(), again], sources)["sub/prices/prices.go"][7] == 2
    huge = "".join(f"example.com/basket/prices/prices.go:1.1,{10**8 + one}.1 1 0\n" for one in range(1_000)).encode()
    with pytest.raises(CoverageError):
        read_profiles([huge], sources)


def test_lcov_tells_of_lines_that_there_are() -> None:
    sources = Sources({"lib/sign.rb": RUBY}, {"/work": "", "": "lib"})
    told = b"TN:\nSF:/work/lib/sign.rb\nDA:1,1\nDA:2,3,hash\r\nDA:3,0\nDA:99,0\nDA:5,-1\nDA:x,1\nend_of_record\n"
    assert read_lcov([told, b"SF:sign.rb\nDA:3,0\nDA:2,1\n"], sources) == {"lib/sign.rb": {1: 1, 2: 4, 3: 0, 5: 0}}
    assert read_lcov([b"SF:../lib/sign.rb.x\nDA:1,0\nSF:/lib/sign.rb\nDA:1,0\nDA:1,0"], sources) == {}


def test_v8_tells_of_lines_whose_every_word_is_idle() -> None:
    told = script([WHOLE], [(7, JS.index("export const") - 1, 1), NEVER], [UNUSED])
    expected = {1: 1, 2: 1, 5: 0, 7: 1, 9: 1, 10: 0}
    assert read_v8([told], SIGN) == {"src/sign.js": expected}
    assert read_v8([told, script([WHOLE])], SIGN)["src/sign.js"] == {1: 2, 2: 2, 5: 1, 7: 2, 9: 2, 10: 1}


def test_v8_counts_a_module_that_was_loaded_again_and_no_fields_of_a_class() -> None:
    again = script([WHOLE]).replace(b"sign.js", b"sign.js?fresh=1#x")
    assert 0 not in read_v8([script([WHOLE], [NEVER]), again], SIGN)["src/sign.js"].values()
    fields = script([WHOLE], [NEVER]).replace(
        b'"ranges": [{"startOffset": %d' % NEVER[0],
        b'"functionName": "<static_initializer>", "ranges": [{"startOffset": %d' % NEVER[0],
    )
    assert 0 not in read_v8([fields], SIGN)["src/sign.js"].values()


@pytest.mark.parametrize(
    "changed",
    [
        script([(0, WHOLE[1] + 1, 1)]),
        script([WHOLE], **{"source-map-cache": ["file:///work/src/sign.js"]}),
        script([(1, 4, 0)]),
        script([]),
    ],
)
def test_v8_says_nothing_of_a_file_that_something_changed_before_it_ran(changed: bytes) -> None:
    assert read_v8([changed, script([WHOLE])], SIGN) == {}
    assert read_v8([script([WHOLE]), changed], SIGN) == {}


@pytest.mark.parametrize(
    "bad",
    [b"", b"[]", b"{}", b'{"result": 1}', b'{"result": [{}]}', b"[" * 100_000, script([WHOLE])[:-9]],
    ids=range(7),
)
def test_what_is_no_report_of_v8_is_refused(bad: bytes) -> None:
    with pytest.raises(CoverageError):
        read_v8([bad], SIGN)


def test_v8_is_not_read_for_ever() -> None:
    with pytest.raises(CoverageError):
        read_v8([script([WHOLE, *[WHOLE] * 1_000])], SIGN)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_spoilt_report_never_ends_a_reader_in_another_way(data: st.DataObject) -> None:
    read: Callable[[Iterable[bytes], Sources], Hits]
    go = Sources({"prices/prices.go": GO}, {"example.com/basket": ""})
    v8 = script([WHOLE], [NEVER], [UNUSED])
    lcov = b"SF:/work/src/sign.js\nDA:1,1\n"
    samples = [(read_profiles, PROFILE.encode(), go), (read_lcov, lcov, SIGN), (read_v8, v8, SIGN)]
    read, report, sources = data.draw(st.sampled_from(samples))
    at = data.draw(st.integers(0, len(report)))
    spoilt = report[:at] + data.draw(st.binary(max_size=6)) + report[at + data.draw(st.integers(0, 9)) :]
    with contextlib.suppress(CoverageError):
        for path, lines in read([spoilt], sources).items():
            assert all(0 < line <= len(sources.lines[path]) and times >= 0 for line, times in lines.items())


def test_reports_that_no_run_leaves_are_refused(tmp_path: Path) -> None:
    counter = Counter(lambda path: True, read_v8, {})
    reports = Reports(tmp_path, SIGN.texts)
    with pytest.raises(CoverageError, match="left 0 reports"):
        reports.read(counter)
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(CoverageError, match="is not a file"):
        reports.read(counter)


GO_TREE = {
    "go.mod": "module example.com/basket\n\ngo 1.18\n",
    "prices/prices.go": GO,
    # another package's test
    "cart/cart_test.go": """package cart

import (
	"testing"

	"example.com/basket/prices"
)

func TestSign(t *testing.T) {
	if prices.Sign(1) != "" {
		t.Fail()
	}
}
""",
}
NODE_TREE = {
    "package.json": '{"type": "module", "scripts": {"test": "node --test"}}\n',
    "src/sign.js": JS,
    "test/sign.test.js": """import assert from "node:assert";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { sign } from "../src/sign.js";

test("is one", () => assert.equal(sign(1), "🙂"));
test("runs in a process of its own", () => {
  const line = 'import("./src/sign.js").then((one) => one.unused())';
  assert.equal(spawnSync(process.execPath, ["-e", line]).status, 0);
});
""",
}
RUBY_TREES = {
    "rspec": {
        ".rspec": "",
        "lib/sign.rb": RUBY,
        "spec/sign_spec.rb": 'require_relative "../lib/sign"\n'
        'RSpec.describe("sign") { it("is none") { expect(sign(1)).to eq "" } }\n',
    },
    "minitest": {
        "Rakefile": "",
        "lib/sign.rb": RUBY,
        "test/sign_test.rb": 'require "minitest/autorun"\nrequire "sign"\n'
        'class SignTest < Minitest::Test\n  def test_none = assert_equal("", sign(1))\nend\n',
    },
}

PHP_TREE = {
    "phpunit.xml": '<phpunit bootstrap="src/sign.php"><testsuites><testsuite name="all"><directory>tests</directory>'
    "</testsuite></testsuites></phpunit>",
    "src/sign.php": """<?php
function sign(int $x): string
{
    if ($x < 0) {
        return '-';
    }
    return '';
}
function one(): int
{
    return 1;
}
""",
    "tests/SignTest.php": """<?php
use PHPUnit\\Framework\\TestCase;

final class SignTest extends TestCase
{
    /** @covers ::one */
    public function testSign(): void
    {
        $this->assertSame('', sign(1));
    }

    /** @runInSeparateProcess */
    public function testOne(): void
    {
        $this->assertSame(1, one());
    }
}
""",
}


async def count(tree: dict[str, str], path: str, folder: Path, sandbox: Sandbox | None = None) -> dict[int, int]:
    """How often the lines of a file ran in a run of all tests, 1 for more."""
    checks = Checks()
    toolchain = make_toolchain(sandbox or bubblewrap(), checks, write(folder / "tree", tree), Settings())
    workspace = Workspace(tree=folder / "tree", env=folder / "env")
    await toolchain.install(workspace)
    assert [one for one in sorted(tree) if toolchain.counts(one, workspace.env)] == [path]
    run = await toolchain.test(workspace, counted={path: tree[path]})
    assert run.complete
    assert set(run.verdicts().values()) == {"passed"}
    return {line: min(times, 1) for line, times in run.hits[path].items()}


@pytest.mark.needs("go", "sandbox")
async def test_go_counts_what_another_package_runs(tmp_path: Path) -> None:
    assert await count(GO_TREE, "prices/prices.go", tmp_path) == {5: 1, 7: 0, 9: 1}


@pytest.mark.needs("node", "sandbox")
async def test_node_counts_what_another_process_runs(tmp_path: Path) -> None:
    expected = {1: 1, 2: 1, 5: 0, 7: 1, 9: 1, 10: 1}
    assert await count(NODE_TREE, "src/sign.js", tmp_path) == expected
    # without a sandbox the tree has another name
    assert await count(NODE_TREE, "src/sign.js", tmp_path / "bare", Process(trust_code=True)) == expected


@pytest.mark.needs("ruby", "sandbox")
@pytest.mark.parametrize("runner", ["rspec", "minitest"])
async def test_ruby_counts_by_its_own_module(runner: str, tmp_path: Path) -> None:
    assert await count(RUBY_TREES[runner], "lib/sign.rb", tmp_path) == {1: 1, 2: 1, 3: 0, 5: 1}


@pytest.mark.needs("ruby", "sandbox")
async def test_ruby_tells_nothing_where_a_file_is_loaded_again(tmp_path: Path) -> None:
    tree = dict(RUBY_TREES["minitest"])
    tree["test/sign_test.rb"] += 'load "lib/sign.rb"\n'
    with pytest.raises(CoverageError, match="kept lines that ran from being counted"):
        await count(tree, "lib/sign.rb", tmp_path)


@pytest.mark.needs("phpunit", "pcov", "sandbox")
async def test_php_counts_also_what_no_test_says_that_it_covers(tmp_path: Path) -> None:
    assert await count(PHP_TREE, "src/sign.php", tmp_path) == {4: 1, 5: 0, 7: 1, 11: 1, 13: 1}
