"""Test projects of .NET, by recorded samples: no .NET was there to make them, a stand-in leaves them where it would."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings import Checks, Settings
from bot.toolchains.dotnet import paths, programs
from bot.toolchains.dotnet.language import find_units
from bot.toolchains.dotnet.projects import Project, find_hindrances, list_projects, read_project, scan
from bot.toolchains.dotnet.report import read_report, read_sequence, write_filter
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.test_trx import ABORTED, OWNER, report, result

SDK = '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="{}" /></ItemGroup>{}</Project>'
TESTS = SDK.format("Microsoft.NET.Test.Sdk", "<PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>")
CART = """using Xunit; // class Not1 { [Fact]
namespace Shop.Tests;
/* class Not2 */
public sealed class CartTests : IDisposable where T : class
{
    const string Text = "class Not3 {", Path = @"C:\\", Raw = \"\"\"class Not4 { \"\"\";
    [Fact] public void Adds() { if (Text == "}") { } }
    [Theory, InlineData(1)] public void Even(int number) { }
    public class Empty { [Xunit.Fact(Skip = "later")] public void Waits() { } }
}
"""
OLD = "namespace Shop { namespace Old { [TestFixture] class PriceTests { [TestCase(1)] void Rounds(int one) { } } } }"
REPOSITORY = {
    "Shop.sln": "", "src/Shop/Shop.csproj": '<Project Sdk="Microsoft.NET.Sdk" />', "src/Shop/Cart.cs": "class Cart { }",
    "tests/Shop.Tests/Shop.Tests.csproj": TESTS, "tests/Shop.Tests/CartTests.cs": CART,
    "tests/Shop.Tests/Fakes.cs": "namespace Shop.Tests { class Fakes { } }",
    "tests/Shop.Old/Shop.Old.csproj": TESTS, "tests/Shop.Old/PriceTests.cs": OLD,
}  # fmt: skip
TESTED = "tests/Shop.Tests/Shop.Tests.csproj"
FILE = "tests/Shop.Tests/CartTests.cs"
SEQUENCE = """<?xml version="1.0"?><TestSequence>
  <Test Name="Shop.Tests.CartTests.Adds" Completed="True" />
  <Test Name="Shop.Tests.CartTests.Even(number: 1)" Completed="False" />
</TestSequence>"""
# Leaves the samples of a folder named like the project, and ends as its file `exit` says.
STAND_IN = """#!/bin/sh
case "$1" in
  --list-sdks) echo "8.0.404 [/sdk]"; exit ;;
  restore) exit ;;
esac
samples=recorded/$(basename "$2" .csproj)
[ "$1" = test ] || exit "$(cat "$samples/build" 2>/dev/null || echo 0)"
while [ $# -gt 0 ]; do
  [ "$1" = --results-directory ] && place=$2
  [ "$1" = --filter ] && echo "asked for $2"
  shift
done
mkdir -p "$place/blame" && cp "$samples"/*.trx "$place/" && cp "$samples"/Sequence*.xml "$place/blame/" 2>/dev/null
exit "$(cat "$samples/exit")"
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    program = write(tmp_path / "sdk", {"dotnet": STAND_IN}) / "dotnet"
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/local/bin:/usr/bin:/bin")
    programs.find_dotnet.cache_clear()
    yield
    programs.find_dotnet.cache_clear()


def test_a_solution_with_test_projects_is_a_unit(tmp_path: Path) -> None:
    assert [(unit.root, unit.evidence) for unit in find_units(write(tmp_path / "a", REPOSITORY))] == [
        ("", ("`tests/Shop.Old/Shop.Old.csproj`", "`Shop.sln`"))
    ]
    inner = {f"api/{name}": text for name, text in REPOSITORY.items()}
    inner |= {"api/src/In.slnx": "", "samples/A/A.csproj": TESTS, "plain/P.csproj": SDK.format("Newtonsoft.Json", "")}
    assert [unit.root for unit in find_units(write(tmp_path / "b", inner))] == ["api"]
    bare = {"Tests/Tests.csproj": TESTS, "Tests/A.cs": "", "lib/L.fsproj": TESTS}
    assert [(unit.root, unit.manager) for unit in find_units(write(tmp_path / "c", bare))] == [("", "nuget")]


def test_what_files_around_projects_add_counts_where_there_are_tests(tmp_path: Path) -> None:
    bare = '<Project Sdk="Microsoft.NET.Sdk" />'
    files = {
        "tests/Shop.Tests/Shop.Tests.csproj": bare, "tests/Shop.Tests/CartTests.cs": CART,
        "tests/Shop.Fakes/Shop.Fakes.csproj": bare, "tests/Shop.Fakes/Fake.cs": "class Fake { }",
        "src/Shop/Shop.csproj": bare, "src/Shop/Cart.cs": CART,
    }  # fmt: skip
    assert list_projects(write(tmp_path / "a", files | {"tests/Directory.Build.props": TESTS})) == [TESTED]
    assert list_projects(write(tmp_path / "b", files | {"eng/Test.targets": TESTS})) == [TESTED]
    versions = TESTS.replace("PackageReference", "PackageVersion")
    other = {"lib/Directory.Build.props": TESTS, "Directory.Packages.props": versions}
    assert list_projects(write(tmp_path / "c", files | other)) == []
    tree = write(tmp_path / "d", files | {"tests/Directory.Build.targets": SDK.format("xunit.v3", "")})
    assert "Microsoft.Testing.Platform" in find_hindrances(tree, [TESTED])[TESTED]


def test_what_cannot_be_run_here_is_said(tmp_path: Path) -> None:
    tree = write(tmp_path, {
        "A.csproj": TESTS, "B.csproj": TESTS.replace("net8.0", "net48"), "C.csproj": SDK.format("TUnit", ""),
        "D.csproj": TESTS.replace("net8.0", "net472;net8.0"), "E.csproj": SDK.format("xunit.v3", ""),
        "F.csproj": TESTS.replace("<Item", '<!-- Include="TUnit" --><Item'),
    })  # fmt: skip
    hindrances = find_hindrances(tree, [f"{name}.csproj" for name in "ABCDEF"])
    assert {path[0]: said[:44] for path, said in hindrances.items()} == {
        "A": "", "B": "`B.csproj` is built for net48, which runs on", "D": "", "F": "",
        "C": "`C.csproj` runs its tests by Microsoft.Testi", "E": "`E.csproj` runs its tests by Microsoft.Testi",
    }  # fmt: skip


def test_classes_are_found_in_their_files(tmp_path: Path) -> None:
    assert scan(CART) == (["Shop.Tests.CartTests", "Shop.Tests.CartTests+Empty"], True)
    assert scan(OLD) == (["Shop.Old.PriceTests"], True)
    assert scan("namespace A { class Cart { int[] one; } struct S { } }") == (["A.Cart", "A.S"], False)
    project = read_project(write(tmp_path, REPOSITORY), TESTED)
    assert (project.files, project.classes["Shop.Tests.Fakes"]) == ((FILE,), "tests/Shop.Tests/Fakes.cs")


@pytest.mark.parametrize("begun", ["/* ", '"""', '@"', 'var text = "'])
def test_what_is_begun_and_not_ended_holds_no_classes(begun: str) -> None:
    assert scan(f"class First {{ {begun} class Second {{ [Fact] void Adds() {{ }} }} }}") == (["First"], False)


def test_ids_begin_with_the_file_and_filters_select_it(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, REPOSITORY), TESTED)
    text = report(result(0, f"{OWNER}.Even(number: 1)", "Passed"), result(1, f"{OWNER}.Adds", "Failed"))
    cases, whole = read_report(text, project, "0")
    assert ([case.case.id for case in cases], whole) == (
        [f"{FILE}::CartTests::Even(number: 1)", f"{FILE}::CartTests::Adds"], True,
    )  # fmt: skip
    nested = text.replace(OWNER.encode() + b'"', OWNER.encode() + b'+Empty"').replace(OWNER.encode() + b".", b"")
    assert read_report(nested, project, "0")[0][1].case.id == f"{FILE}::CartTests::Empty::Adds"
    assert read_report(text, Project("a.csproj"), "0")[0][1].case.id == f"a.csproj::{OWNER}::Adds"
    assert not read_report(report(result(0, "A", "Passed"), total=2), project, "0")[1]
    name = "FullyQualifiedName~Shop.Tests.CartTests"
    assert write_filter(project, [f"{FILE}::CartTests::Even(number: 1)"]) == f"{name}.Even"
    assert write_filter(project, [FILE]) == f"{name}.|{name}+Empty."
    assert write_filter(project, [f"{FILE}::CartTests::Empty::Adds by words"]) == f"{name}+Empty.Adds"
    assert write_filter(project, [f"{FILE}::CartTests::x|y~z"]) == f"{name}."
    assert write_filter(project, [FILE, "tests/Shop.Tests/New.cs"]) == ""


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("tests/Shop.Tests/CartTests.cs", True, False), ("src/Shop.UnitTests/Fake.cs", True, False),
        ("src/Shop/Cart.cs", False, False), ("src/Contest/Latest.cs", False, False), ("NuGet.config", True, True),
        ("src/Shop/Shop.csproj", True, True), ("Directory.Build.props", True, True), ("a.runsettings", True, True),
        ("CartSpec.cs", True, False), ("docs/tests/notes.md", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


def test_a_new_test_lies_beside_the_nearest(tmp_path: Path) -> None:
    assert paths.new_test_path([FILE], "src/Shop/Price.cs", "") == "tests/Shop.Tests/PriceTests.cs"
    assert paths.new_test_path([FILE], "src/Shop/Cart.cs", "") == "tests/Shop.Tests/CartRegressionTests.cs"
    assert paths.find_conflict("src/Shop/obj/a.cs", tmp_path) == "`src/Shop/obj/a.cs` lies where builds go."
    assert paths.pick_targets([FILE, "tests/Shop.Tests/Fakes.cs"]) == [FILE]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("namespace Shop.Tests; class PriceTests { }", None),
        ("// namespace Xunit; class Assert { }", None),
        ("namespace Xunit; class Assert { }", "has a class `Xunit.Assert`, which would be used in place of one of a"),
        ("namespace Shop { class Cart { } }", "has a class `Shop.Cart`, which would be used in place of that of `src/"),
        # one of the same project, which the compiler refuses itself unless both are partial
        ("namespace Shop.Tests; partial class Fakes { }", None),
    ],
)
def test_no_class_is_used_in_place_of_another_projects(tmp_path: Path, text: str, said: str | None) -> None:
    tree = write(tmp_path, REPOSITORY | {"src/Shop/Cart.cs": "namespace Shop; class Cart { }"})
    toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
    found = toolchain.hides("tests/Shop.Tests/PriceTests.cs", text)
    assert (found is None) == (said is None)
    assert said is None or said in (found or "")
    # what the base's own text does may stay
    assert toolchain.hides("src/Shop/Cart.cs", "namespace Shop; class Cart { int one; }") is None


@pytest.mark.needs("sandbox")
async def test_what_a_stand_in_leaves_is_folded(tmp_path: Path, stand_in: None) -> None:
    samples = {
        "recorded/Shop.Tests/0_net8.0.trx": report(result(0, f"{OWNER}.Adds", "Passed")).decode(),
        "recorded/Shop.Tests/exit": "0", "recorded/Shop.Old/build": "1",
    }  # fmt: skip
    workspace = Workspace(tree=write(tmp_path / "tree", REPOSITORY | samples), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    assert toolchain.name == "dotnet"
    toolchain.require()
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert (run.complete, [(case.id, case.verdict, case.phase) for case in run.cases]) == (True, [
        ("tests/Shop.Old/PriceTests.cs", "error", "build"), (f"{FILE}::CartTests::Adds", "passed", "call"),
    ])  # fmt: skip
    chosen = await toolchain.test(workspace, [f"{FILE}::CartTests::Adds"])
    assert (chosen.complete, chosen.verdicts()) == (True, {f"{FILE}::CartTests::Adds": "passed"})
    assert "asked for FullyQualifiedName~Shop.Tests.CartTests.Adds" in chosen.result.output
    # the host of the tests died, and `dotnet test` ended with 0 all the same
    aborted = report(result(0, f"{OWNER}.Adds", "Passed"), infos=ABORTED).decode()
    write(workspace.tree, {"recorded/Shop.Tests/0_net8.0.trx": aborted, "recorded/Shop.Tests/Sequence_1.xml": SEQUENCE})
    lost = await toolchain.test(workspace, [FILE])
    assert (lost.complete, lost.completeness.culprits) == (False, (f"{FILE}::CartTests::Even",))
    shutil.rmtree(workspace.tree / "recorded")
    assert not (await toolchain.test(workspace, [FILE])).complete


@given(cut=st.integers(0, 900), byte=st.binary(max_size=3), test=st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_report_and_any_source_is_read_or_refused(cut: int, byte: bytes, test: bool) -> None:
    whole = report(result(0, f"{OWNER}.A", "Passed"), result(1, "B", "Failed")) if test else SEQUENCE.encode()
    with contextlib.suppress(ToolchainError):
        text = whole[:cut] + byte + whole[cut:]
        assert all(case.case.id for case in read_report(text, Project("a.csproj"), "0")[0])
        assert all(start.id for start in read_sequence(text, Project("a.csproj")))
    scan((whole[:cut] + byte).decode(errors="replace") + CART[:cut])
