"""Which folders are builds of Maven and Gradle, what their paths are, and where a new test goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.jvm import paths
from bot.toolchains.jvm.language import find_units
from bot.toolchains.jvm.sources import read_modules
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from tests.toolchains.conftest import write

POM = "<project><modules>{}</modules></project>"
MAIN = "src/main/java/shop"
WORKFLOW = ".github/workflows/ci.yml"
TESTS = "src/test/java/shop"


def pom(*modules: str) -> str:
    return POM.format("".join(f"<module>{name}</module>" for name in modules))


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ({"pom.xml": pom(), f"{TESTS}/CartTest.java": ""}, [""]),
        ({"pom.xml": pom(), "src/test/kotlin/shop/CartTest.kt": ""}, [""]),
        ({"pom.xml": pom("core"), "core/pom.xml": pom(), f"core/{TESTS}/CartTest.java": ""}, [""]),
        ({"pom.xml": pom("core/pom.xml"), "core/pom.xml": pom(), f"core/{TESTS}/CartTest.java": ""}, [""]),
        ({"pom.xml": pom("a"), "a/pom.xml": pom("b"), "a/b/pom.xml": pom(), f"a/b/{TESTS}/CartTest.java": ""}, [""]),
        ({"a/pom.xml": pom("../b"), "b/pom.xml": pom(), f"b/{TESTS}/CartTest.java": ""}, ["b"]),
        ({"server/pom.xml": pom(), f"server/{TESTS}/CartTest.java": ""}, ["server"]),
        (
            {"pom.xml": pom(), f"{TESTS}/ATest.java": "", "demo/pom.xml": pom(), f"demo/{TESTS}/BTest.java": ""},
            ["", "demo"],
        ),
        # a commented module is none, nor is one of a profile that is off
        (
            {
                "pom.xml": "<project><profile><modules><module>x</module></modules></profile></project>",
                "x/pom.xml": pom(),
                f"x/{TESTS}/ATest.java": "",
            },
            ["x"],
        ),
        ({"pom.xml": f"<!-- {pom('x')} -->", "x/pom.xml": pom(), f"x/{TESTS}/ATest.java": ""}, ["x"]),
        # a build file alone, or tests without one, are no unit
        ({"pom.xml": pom(), f"{MAIN}/Cart.java": ""}, []),
        ({f"{TESTS}/CartTest.java": ""}, []),
        ({"package.json": '{"scripts": {"test": "node --test"}}', "pom.xml": pom()}, []),
        ({"vendor/x/pom.xml": pom(), f"vendor/x/{TESTS}/ATest.java": ""}, []),
        ({"examples/x/pom.xml": pom(), f"examples/x/{TESTS}/ATest.java": ""}, []),
        ({"pom.xml": pom("../../.."), f"{TESTS}/ATest.java": ""}, [""]),
    ],
)
def test_builds_of_maven_with_tests_are_units(tmp_path: Path, files: dict[str, str], roots: list[str]) -> None:
    assert [unit.root for unit in find_units(write(tmp_path, files))] == roots


def test_modules_of_a_build_lie_in_the_repository(tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    write(beside, {"pom.xml": pom("inner")})
    named = ["../beside", "../../beside", str(beside), "x" * 5000, "./core", ".own", "core/pom.xml", "."]
    tree = write(tmp_path / "tree", {"pom.xml": pom(*named)})
    assert read_modules(tree, "") == ["", "x" * 5000, "core", ".own"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"build.gradle": "", f"{TESTS}/ATest.java": ""}, [("", "gradle")]),
        ({"build.gradle.kts": "", "src/test/kotlin/ATest.kt": ""}, [("", "gradle")]),
        ({"settings.gradle": "", "app/build.gradle": "", f"app/{TESTS}/ATest.java": ""}, [("", "gradle")]),
        ({"pom.xml": pom(), "build.gradle": "", f"{TESTS}/ATest.java": ""}, [("", "maven")]),
        (
            {"pom.xml": pom(), "build.gradle": "", f"{TESTS}/ATest.java": "", WORKFLOW: "run: ./gradlew test"},
            [("", "gradle")],
        ),
        (
            {"pom.xml": pom(), "build.gradle": "", f"{TESTS}/ATest.java": "", WORKFLOW: "run: ./gradlew; mvn test"},
            [("", "maven")],
        ),
        (
            {"a/pom.xml": pom(), f"a/{TESTS}/ATest.java": "", "b/build.gradle": "", f"b/{TESTS}/BTest.java": ""},
            [("a", "maven"), ("b", "gradle")],
        ),
        ({"build.gradle": "", "src/main/java/A.java": ""}, []),
    ],
)
def test_maven_is_chosen_unless_ci_runs_gradle_alone(
    tmp_path: Path, files: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert [(unit.root, unit.manager) for unit in find_units(write(tmp_path, files))] == found


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        (f"{TESTS}/CartTest.java", True, False), (f"{TESTS}/Helper.java", True, False),
        ("core/src/test/resources/a.json", True, False), ("src/integrationTest/java/A.java", True, False),
        ("src/it/a/A.java", True, False), ("test/CartTests.java", True, False), ("src/test/kotlin/A.kt", True, False),
        ("pom.xml", True, True), ("core/pom.xml", True, True), ("build.gradle.kts", True, True),
        ("gradle/libs.versions.toml", True, True), ("gradle/wrapper/gradle-wrapper.jar", True, True),
        ("buildSrc/src/main/java/A.java", True, True), ("mvnw", True, True), (".mvn/jvm.config", True, True),
        ("src/main/resources/META-INF/services/org.junit.platform.engine.TestEngine", True, True),
        ("src/test/resources/junit-platform.properties", True, True),
        (f"{MAIN}/Cart.java", False, False), (f"{MAIN}/TestDouble.java", False, False), ("A.java", False, False),
        ("src/main/java/org/gradle/A.java", False, False), ("Contest.java", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("existing", "near", "expected"),
    [
        ([], f"{MAIN}/Cart.java", f"{TESTS}/CartTest.java"),
        ([f"{TESTS}/CartTest.java"], f"{MAIN}/Cart.java", f"{TESTS}/CartRegressionTest.java"),
        (
            [f"{TESTS}/CartTest.java", f"{TESTS}/CartRegressionTest.java"],
            f"{MAIN}/Cart.java",
            f"{TESTS}/CartRegression2Test.java",
        ),
        ([f"{TESTS}/TillTests.java"], f"{MAIN}/Cart.java", f"{TESTS}/CartTests.java"),
        ([f"{TESTS}/TillTest.java"], "README.md", f"{TESTS}/RegressionTest.java"),
        ([], "", "m/src/test/java/RegressionTest.java"),
        ([], "a/src/main/kotlin/Cart.kt", "a/src/test/kotlin/CartTest.kt"),
    ],
)
def test_a_new_test_stands_in_its_package(existing: list[str], near: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, "m") == expected


def test_no_new_file_is_loaded_in_place_of_another(tmp_path: Path) -> None:
    tree = write(tmp_path, {f"{MAIN}/Cart.java": "", "app/src/main/resources/prices.txt": ""})
    said = paths.find_conflict(f"{TESTS}/Cart.java", tree)
    assert said == f"`{TESTS}/Cart.java` would be loaded in place of `{MAIN}/Cart.java`."
    assert paths.find_conflict("src/test/resources/prices.txt", tree) is not None
    assert paths.find_conflict("src/test/java/org/junit/jupiter/api/Test.java", tree) is not None
    assert paths.find_conflict("src/test/java/forgehand/Listener.java", tree) is not None
    assert paths.find_conflict(f"{TESTS}/CartTest.java", tree) is None
    assert paths.find_conflict("docs/Cart.java", tree) is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("PriceTest.java", "package shop;\nclass PriceTest { class Cart {} }\n// class Cart {}\n", None),
        # compilers do not ask where a source lies
        (
            "PriceTest.java",
            "package org.junit.jupiter.api;\nclass Assertions {}\n",
            "in the package `org.junit.jupiter.api`",
        ),
        ("Price.kt", "package kotlin.test\nfun assertEquals() {}\n", "in the package `kotlin.test`"),
        ("PriceTest.java", "package shop;\nclass PriceTest {}\nclass Cart {}\n", "has a class `shop.Cart`"),
        ("notes.txt", "package org.junit;\n", None),
    ],
)
def test_no_text_puts_a_class_in_the_place_of_another(tmp_path: Path, name: str, text: str, said: str | None) -> None:
    tree = write(tmp_path, {f"{MAIN}/Cart.java": "package shop;\nclass Cart {}\n", "pom.xml": ""})
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    found = toolchain.hides(f"{TESTS}/{name}", text)
    assert (found is None) == (said is None)
    assert said is None or said in (found or "")
    assert toolchain.hides(f"{MAIN}/Cart.java", "package shop;\nclass Cart { int one; }\n") is None


@pytest.mark.needs("maven")
async def test_a_build_that_needs_a_newer_java_says_so(tmp_path: Path) -> None:
    release = "<project><maven.compiler.release>999</maven.compiler.release></project>"
    tree = write(tmp_path / "tree", {"pom.xml": release, f"{TESTS}/CartTest.java": ""})
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    with pytest.raises(ToolchainError, match=r"needs Java 999; this machine has \d+"):
        await toolchain.install(Workspace(tree=tree, env=tmp_path / "env"))
