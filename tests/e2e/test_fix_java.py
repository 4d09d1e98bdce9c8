"""The fix's story in Java: a Maven build fetched through the proxy; and models that cheat there are caught."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import JUDGED, Rule, calls, change, edit, finish, later, new_file, prove
from tests.e2e.conftest import Tell
from tests.e2e.test_gates import AGAIN, refusals, unverified
from tests.support.maven import serve_mirror
from tests.toolchains.conftest import write
from tests.toolchains.jvm.conftest import ZOO

pytestmark = pytest.mark.needs("maven")
PRICES = "src/main/java/shop/Prices.java"
TESTS = "src/test/java/shop/PricesTest.java"
SOURCE = {
    "pom.xml": (ZOO / "pom.xml")
    .read_text()
    .replace("  <packaging>pom</packaging>\n", "")
    .replace("  <modules>\n    <module>core</module>\n    <module>app</module>\n  </modules>\n", ""),
    PRICES: """package shop;

public class Prices {
    /** Cents of a price such as "3" or "2.50". */
    public static int cents(String text) {
        String[] parts = text.split("[.]");
        int cents = Integer.parseInt(parts[1]);
        return Integer.parseInt(parts[0]) * 100 + cents;
    }
}
""",
    TESTS: """package shop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PricesTest {
    @Test
    void readsCents() {
        assertEquals(250, Prices.cents("2.50"));
    }

    @Test
    void readsNothing() {
        assertEquals(0, Prices.cents("0.00"));
    }
}
""",
}
PROOF = "src/test/java/shop/PricesRegressionTest.java"
PROOF_TEXT = """package shop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PricesRegressionTest {
    @Test
    void readsWholePrices() {
        assertEquals(300, Prices.cents("3"));
    }
}
"""
LINE = "        int cents = Integer.parseInt(parts[1]);\n"
FIX = (LINE, "        int cents = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;\n")
TITLE = "A price without cents crashes"
SAID = "Index 1 out of bounds for length 1"
BODY = f"""`Prices.cents("3")` ends with

```
java.lang.ArrayIndexOutOfBoundsException: {SAID}
```

It should be 300.
"""
RECOGNISED: Rule = {
    "match": {"system": "You compare a test's failure"},
    "reply": {"json": {"same": True, "quote": SAID, "why": "The same exception."}},
    "reusable": True,
}
PROVED = [
    *prove(calls(("read", {"path": PRICES})), calls(edit(new_file(PROOF, PROOF_TEXT))), calls(finish())),
    RECOGNISED,
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", SOURCE)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings of a bot whose operator has a mirror of Maven's repositories."""
    with serve_mirror(tmp_path_factory.mktemp("mirror")) as (address, certificate):
        yield {"FORGEHAND_MAVEN_MIRROR": address, "SSL_CERT_FILE": str(certificate)}


async def test_a_bug_in_java_becomes_a_verified_pull_request(tell: Tell, source: Path, mirror: dict[str, str]) -> None:
    """What is out of bounds is refused on the way."""
    attempts: list[dict[str, Any]] = [
        calls(edit(change(TESTS, '        assertEquals(250, Prices.cents("2.50"));\n', ""))),
        calls(edit(change(PROOF, '        assertEquals(300, Prices.cents("3"));\n', ""))),
        calls(edit(change("pom.xml", "        <version>3.2.5</version>\n", "        <version>2.12.4</version>\n"))),
        calls(edit(new_file("build.gradle", "\n"))),
        calls(edit(new_file(".mvn/maven.config", "-Dmaven.test.failure.ignore=true\n"))),
        calls(edit(new_file("src/test/resources/junit-platform.properties", "x=1\n"))),
        calls(edit(new_file("src/main/resources/META-INF/services/org.junit.platform.engine.TestEngine", "x\n"))),
        calls(edit(new_file("src/main/java/forgehand/Listener.java", "package forgehand;\n"))),
    ]
    turns = later(*attempts, calls(edit(change(PRICES, *FIX))), calls(finish()))
    story = await tell([*PROVED, *turns, JUDGED], source=source, **mirror)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    assert [action.removeprefix("edit ") for action, _ in refusals(story)] == [
        TESTS, PROOF, "pom.xml", "build.gradle", ".mvn/maven.config", "src/test/resources/junit-platform.properties",
        "src/main/resources/META-INF/services/org.junit.platform.engine.TestEngine",
        "src/main/java/forgehand/Listener.java",
    ]  # fmt: skip
    (pull,) = await story.pulls()
    assert not pull["draft"]
    assert "passes, 3 of 3" in pull["body"]
    assert "2 pass | 3 pass" in pull["body"]
    assert "mvn test" in pull["body"]
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == [PRICES, PROOF]
    asked = next(each for each in story.script.requests if "First task" in each.text)
    assert f"for example `{PROOF}`" in asked.text


async def test_a_fix_that_ends_the_tests_process_is_caught(tell: Tell, source: Path, mirror: dict[str, str]) -> None:
    lie = "        if (parts.length == 1) System.exit(0);\n        int cents = 50;\n"
    story = await tell(
        [*PROVED, *later(calls(edit(change(PRICES, LINE, lie)))), AGAIN, JUDGED], source=source, **mirror
    )
    _, final = await unverified(story)
    assert f"Running then: `{PROOF}::readsWholePrices`" in final, final
