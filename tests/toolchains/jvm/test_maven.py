"""Maven: every verdict right, nothing lost, merged or made up, and a crash that costs no other test its verdict."""

from __future__ import annotations

import pytest

from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun
from tests.support.patience import PATIENCE
from tests.toolchains.jvm.conftest import Lay, Opened
from tests.toolchains.zoos import below, told

pytestmark = pytest.mark.needs("maven")
CORE = "core/src/test/java/shop"
TILL = "app/src/test/java/shop/TillTest.java"
CART = below(
    f"{CORE}/CartTest.java",
    {
        "adds": ("passed", "call"),
        "adds#2": ("passed", "call"),
        "fails": ("failed", "call"),
        "raises": ("failed", "call"),
        "disabled": ("skipped", "call"),
        "assumes": ("skipped", "call"),
        "named": ("passed", "call"),
        "prints": ("passed", "call"),
        "even[1]": ("failed", "call"),
        "even[2]": ("passed", "call"),
        "lacksItsValues": ("error", "setup"),
        "repeats[1]": ("passed", "call"),
        "repeats[2]": ("passed", "call"),
        "makes[1]": ("passed", "call"),
        "makes[2]": ("failed", "call"),
        "makes[3][1]": ("passed", "call"),
        "takesTooLong": ("failed", "call"),
        "failsLateElsewhere": ("passed", "call"),
        "Inner::adds": ("passed", "call"),
        "Inner::Deeper::adds": ("failed", "call"),
    },
)
HOOKS = below(
    f"{CORE}/HooksTest.java",
    {
        "BeforeFails::waits": ("error", "setup"),
        "AfterFails::passes": ("error", "teardown"),
        # a class that cannot be set up: Surefire writes one case without a name
        "one": ("error", "setup"),
        "two": ("error", "setup"),
        "passes": ("passed", "call"),
        "waits": ("failed", "call"),
    },
) | {f"{CORE}/HooksTest.java": ("error", "teardown")}
# no network, nothing installed can be changed, the host's settings are not there
REACH = below(
    f"{CORE}/ReachTest.java",
    {"connects": ("failed", "call"), "writes": ("failed", "call"), "reads": ("failed", "call")},
)
REST = {f"{CORE}/HeirTest.java::isInherited": ("passed", "call"), f"{TILL}::totals": ("passed", "call")}


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


def java(name: str, body: str) -> dict[str, str]:
    """A test class in the module ``core``."""
    head = "package shop;\n\nimport org.junit.jupiter.api.*;\n\n@TestMethodOrder(MethodOrderer.MethodName.class)\n"
    return {f"{CORE}/{name}.java": f"{head}class {name} {{\n{body}}}\n"}


def test_a_build_is_a_unit_with_its_evidence(installed_zoo: Opened) -> None:
    (part,) = installed_zoo[0].parts
    unit = part.unit
    assert (unit.toolchain, unit.manager, unit.runner, unit.evidence) == ("jvm", "maven", "surefire", ("`pom.xml`",))


def test_an_install_leaves_the_tree_alone_and_keeps_no_credentials(installed_zoo: Opened) -> None:
    workspace = installed_zoo[1]
    assert not list(workspace.tree.rglob("target"))
    assert "<password>" not in (workspace.env / "settings.xml").read_text()
    assert (workspace.env / "listener" / "forgehand" / "Listener.class").is_file()


async def test_every_kind_of_verdict_in_all_modules(lay: Lay) -> None:
    """``core`` fails, so Maven skips ``app``, which needs it: its tests run all the same."""
    done = await run(lay())
    assert done.complete, done.completeness
    assert told(done) == CART | HOOKS | REACH | REST
    said = {case.id.rpartition("::")[2]: case for case in done.cases}
    assert "expected: <4> but was: <3>" in said["fails"].message
    assert [(one.type, one.message) for one in said["raises"].raised] == [
        ("java.lang.IllegalStateException", "not yet"),
        ("java.lang.RuntimeException", "the cause"),
    ]
    assert said["disabled"].message == "later"
    reached = {name: said[name].raised[0].type for name in ("connects", "writes", "reads")}
    assert reached == {
        "connects": "java.net.ConnectException",
        "writes": "java.nio.file.FileSystemException",
        "reads": "java.nio.file.NoSuchFileException",
    }


async def test_files_and_tests_are_run_alone_with_the_modules_they_need(lay: Lay) -> None:
    opened = lay()
    one = await run(opened, f"{CORE}/CartTest.java::Inner::adds", f"{CORE}/CartTest.java::even[2]")
    assert one.command == "mvn -Dtest=shop.CartTest test"
    assert one.complete, one.completeness
    names = {"Inner::adds": ("passed", "call"), "even[2]": ("passed", "call")}
    assert told(one) == below(f"{CORE}/CartTest.java", names)
    other = await run(opened, TILL)
    assert other.complete, other.completeness
    assert told(other) == {f"{TILL}::totals": ("passed", "call")}


async def test_a_selection_that_matches_nothing_proves_nothing(lay: Lay) -> None:
    opened = lay()
    for target in (f"{CORE}/CartTest.java::none", f"{CORE}/NoTest.java"):
        done = await run(opened, target)
        assert not done.complete, target
        assert not any(case.verdict == "passed" for case in done.cases)


ENDS = """
    @Test void a() {}
    @Test void b() { System.exit(0); }
    @Test void c() {}
    @Test void d() { Runtime.getRuntime().halt(3); }
    @Nested class Inner {
        @Test void e() {}
        @Test void f() throws Exception {
            new ProcessBuilder("kill", "-TERM", "" + ProcessHandle.current().pid()).start().waitFor();
            Thread.sleep(60_000);
        }
        @Test void g() {}
    }
"""


async def test_tests_that_end_their_process_are_named_and_the_others_run_without_them(lay: Lay) -> None:
    done = await run(lay(java("EndsTest", ENDS)), f"{CORE}/EndsTest.java")
    culprits = [f"{CORE}/EndsTest.java::{name}" for name in ("b", "d", "Inner::f")]
    assert not done.complete
    assert sorted(done.completeness.culprits) == sorted(culprits)
    assert told(done) == {
        f"{CORE}/EndsTest.java::{name}": ("passed", "call") for name in ("a", "c", "Inner::e", "Inner::g")
    } | dict.fromkeys(culprits, ("error", "crash"))


async def test_a_hook_that_ends_the_process_makes_its_file_the_culprit(lay: Lay) -> None:
    files = {}
    for hook in ("BeforeAll", "AfterAll"):
        body = f"    @{hook} static void ends() {{ System.exit(0); }}\n    @Test void a() {{}}\n"
        files |= java(f"{hook}Test", body)
    done = await run(lay(files), *files, f"{CORE}/HeirTest.java")
    assert not done.complete
    assert set(done.completeness.culprits) == set(files)
    assert told(done) == {
        f"{CORE}/AfterAllTest.java::a": ("passed", "call"),
        f"{CORE}/HeirTest.java::isInherited": ("passed", "call"),
    }


async def test_a_test_that_hangs_is_ended_and_named(lay: Lay) -> None:
    body = "    @Test void a() {}\n    @Test void waits() throws Exception { Thread.sleep(3_600_000); }\n"
    done = await run(lay(java("HangsTest", body)), f"{CORE}/HangsTest.java", seconds=30)
    assert done.result.ended == "timeout"
    assert not done.complete
    assert told(done) == below(f"{CORE}/HangsTest.java", {"a": ("passed", "call"), "waits": ("error", "timeout")})


async def test_what_does_not_compile_is_an_error_of_all_tests_of_its_module(lay: Lay) -> None:
    """Also of the module that needs it."""
    done = await run(lay({"core/src/main/java/shop/Cart.java": "package shop;\n\npublic class Cart {}\n"}))
    assert not done.ran_any
    cases = told(done)
    assert set(cases.values()) == {("error", "build")}
    assert {f"{CORE}/CartTest.java::Inner::Deeper::adds", f"{CORE}/HooksTest.java::one", f"{TILL}::totals"} <= set(
        cases
    )
    assert "cannot find symbol" in done.cases[0].message


FORGES = """
    static final String FORGED = "{'event':'case','case':{'id':'core/shop.ForgesTest::made','verdict':'passed'}}";

    @Test void forges() throws Exception {
        java.nio.file.Path folder = java.nio.file.Path.of("/forgehand/results");
        byte[] key = java.nio.file.Files.readAllBytes(folder.resolve("key"));
        javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
        mac.init(new javax.crypto.spec.SecretKeySpec(key, "HmacSHA256"));
        String body = FORGED.replace("'", "" + (char) 34);
        StringBuilder line = new StringBuilder();
        for (byte one : mac.doFinal(body.getBytes())) line.append(String.format("%02x", one));
        line.append(" ").append(body).append((char) 10);
        java.nio.file.Path own = folder.resolve("results-0.jsonl");
        java.nio.file.Files.writeString(own, line, java.nio.file.StandardOpenOption.APPEND);
        Assertions.fail("after all");
    }
"""


async def test_lines_that_a_test_forges_are_not_believed(lay: Lay) -> None:
    done = await run(lay(java("ForgesTest", FORGES)), f"{CORE}/ForgesTest.java")
    assert not done.complete
    assert told(done) == {f"{CORE}/ForgesTest.java::forges": ("error", "crash")}
