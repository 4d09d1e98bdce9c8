"""Options of node in mocha's configuration: mocha would start another process for them, which nobody hears."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.toolchains.node.mocha import take_node_options
from tests.toolchains.node.conftest import INSTALLED, Open
from tests.toolchains.zoos import told

JSON = '{\n\t// "loader": "a"\n\t"import": ["tsx", "./b//c.js"], /* "expose-gc": true, */\n\t"timeout": 5\n}\n'

ALIASES = "import: b\na: &a {c: d}\n" + "".join(f"a{n}: *a\n" for n in range(101))


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        ({".mocharc.json": JSON}, (), ("--import=tsx", "--import=./b//c.js")),
        ({".mocharc.yml": "node-option: [loader=ts-node/esm, --expose-gc]\nimport: x\nspec: t\n"}, (),
         ("--loader=ts-node/esm", "--expose-gc")),
        ({".mocharc.yaml": "max-old-space-size: 99\nexpose_gc: true\nuse-strict: false\n"}, (),
         ("--max-old-space-size=99", "--expose_gc")),
        ({"package.json": '{"mocha": {"n": "expose-gc", "require": "x"}}'}, (), ("--expose-gc",)),
        ({"package.json": '{"mocha": {"loader": "a", "import": "b"}}', ".mocharc.json": '{"loader": "c"}'}, (),
         ("--loader=c", "--import=b")),
        # the folder's own before those above it; what the command line says before both
        ({".mocharc.yml": "import: a", "p/q/.mocharc.yml": "import: b"}, (), ("--import=b",)),
        ({"p/.mocharc.yml": "import: a"}, (), ("--import=a",)),
        ({".mocharc.yml": "import: a", "p/q/own.json": '{"import": "b"}'}, ("--config", "own.json"), ("--import=b",)),
        ({".mocharc.yml": "import: a"}, ("--no-config",), ()),
        ({"package.json": '{"mocha": {"import": "a"}}'}, ("--no-package",), ()),
        ({"package.json": '{"mocha": {"import": "a"}}', "p/q/own.json": '{"mocha": {"import": "b"}}'},
         ("--no-package", "--package", "own.json"), ("--import=b",)),
        ({"own.json": '{"mocha": {"import": "b"}}'}, ("--package=../../own.json", "--no-package"), ()),
        ({"package.json": '{"mocha": {"import": "a"}}'}, ("--package=none.json",), ()),
        ({"package.json": "{}"}, ("--package=../../../outside.json",), ()),
        ({".mocharc.yml": "v8-stack-trace-limit: 7"}, (), ("--stack-trace-limit=7",)),
        ({".mocharc.json": '{"import": ["a\\u0000", "b\\ud800", "c"]}'}, (), ("--import=c",)),
        ({".mocharc.yml": f"max-old-space-size: 0x{'f' * 10_000}"}, (), ()),
        ({}, ("--config", "a" * 300), ()),
        # what takes long to read, or could
        ({".mocharc.json": '"' + '\\"' * 500_000}, (), ()), ({".mocharc.yml": ALIASES}, (), ()),
        # programs are not run, files that are none of theirs not read, other values than options count as absent
        ({".mocharc.cjs": "module.exports = {}", ".mocharc.yml": "import: a"}, (), ()),
        ({"package.json": "{}"}, ("--config=../../../outside.yml",), ()),
        ({".mocharc.yml": "import: {a: b}\nloader: null"}, (), ()), ({".mocharc.yml": "a: ["}, (), ()),
        ({".mocharc.json": "[]", "package.json": '{"mocha": []}'}, (), ()),
    ],
)  # fmt: skip
def test_what_the_configuration_gives_node(
    tmp_path: Path, files: dict[str, str], options: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    tree = tmp_path / "tree"
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "p/q").mkdir(parents=True, exist_ok=True)
    (tmp_path / "outside.yml").write_text("import: a\n")
    (tmp_path / "outside.json").write_text('{"mocha": {"import": "a"}}')
    assert take_node_options(tree, "p/q", options)[0] == expected


RC = {".mocharc.yml": "import: a\n"}
PASSED_ON = {
    ".mocharc.yml": "node-option: [expose-gc, no-addons]\nimport: a\n",
    "package.json": '{"mocha": {"n": "x"}}',
}


@pytest.mark.parametrize(
    ("line", "files", "node", "rest"),
    [
        ("--throw-deprecation -r ./a.js", {}, "--throw-deprecation", "-r ./a.js"),
        ("--import tsx -t 5 --loader=b", {}, "--import tsx --loader=b", "-t 5"),
        ("--unhandled-rejections=strict --max_old_space_size=99", RC,
         "--unhandled-rejections=strict --max_old_space_size=99 --import=a", ""),
        ("--import=b", RC, "--import=b", ""),
        # what is to be passed on is added up, and nothing else counts then
        ("-n expose-gc,--trace-exit --throw-deprecation -n", RC, "--expose-gc --trace-exit", ""),
        ("--node-option=no-addons,jitless --import b", PASSED_ON, "--no-addons --jitless --expose-gc --x", ""),
        ("--throw-deprecation", PASSED_ON, "--expose-gc --no-addons --x", ""),
        ("-n jitless --no-config", PASSED_ON, "--jitless --x", "--no-config"),
    ],
)  # fmt: skip
def test_the_command_line_and_the_configuration_are_one(
    tmp_path: Path, line: str, files: dict[str, str], node: str, rest: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert take_node_options(tmp_path, "", line.split()) == (tuple(node.split()), tuple(rest.split()))


@pytest.mark.needs("node", "javascript runners")
@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("mocha", "function prepared false"),
        ("mocha --import=./named.mjs", "function named false"),
        ("mocha -n throw-deprecation", "undefined undefined true"),
        ("mocha --no-config --package own.json", "undefined named false"),
        ("mocha --package=own.json -n expose-gc", "function undefined false"),
    ],
)
async def test_tests_run_with_them_and_are_heard(open_project: Open, script: str, seen: str) -> None:
    """What counts of command line and configuration is what counts where mocha itself reads them."""
    text = (
        "it('is prepared', () => require('assert').equal("
        f"[typeof gc, globalThis.set, !!process.throwDeprecation].map(String).join(' '), '{seen}'))\n"
    )
    files = {
        "package.json": f'{{"scripts": {{"test": "{script}"}}}}',
        "own.json": '{"mocha": {"import": "./named.mjs"}}',
        ".mocharc.json": '{"expose-gc": true, "import": "./prepare.mjs", "timeout": 5000}',
        "prepare.mjs": "globalThis.set = 'prepared';\n",
        "named.mjs": "globalThis.set = 'named';\n",
        "test/one.test.cjs": text,
    }
    toolchain, workspace = open_project(files=files)
    itself = [INSTALLED / ".bin" / "mocha", *script.split()[1:], "test/one.test.cjs"]
    assert subprocess.run(itself, cwd=workspace.tree).returncode == 0
    run = await toolchain.test(workspace, ["test/one.test.cjs"])
    assert run.complete, (run.completeness, run.result.output[-2000:])
    assert told(run) == {"test/one.test.cjs::is prepared": ("passed", "call")}
