"""The fix's story in Java: a Maven build fetched through the proxy; and models that cheat there are caught."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.answers import change, new_file
from tests.e2e.bug import Bug, suggested, tell_fix
from tests.e2e.conftest import Tell
from tests.support.maven import serve_mirror
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
BUG = Bug(SOURCE, PRICES, FIX, PROOF, PROOF_TEXT, SAID, title=TITLE, body=BODY)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings of a bot whose operator has a mirror of Maven's repositories."""
    with serve_mirror(tmp_path_factory.mktemp("mirror")) as (address, certificate):
        yield {"FORGEHAND_MAVEN_MIRROR": address, "SSL_CERT_FILE": str(certificate)}


async def test_a_bug_in_java_is_fixed_and_what_cheats_is_sent_back(
    tell: Tell, tmp_path: Path, mirror: dict[str, str]
) -> None:
    attempts = [
        change(TESTS, '        assertEquals(250, Prices.cents("2.50"));\n', ""),
        change(PROOF, '        assertEquals(300, Prices.cents("3"));\n', ""),
        change("pom.xml", "        <version>3.2.5</version>\n", "        <version>2.12.4</version>\n"),
        new_file("build.gradle", "\n"),
        new_file(".mvn/maven.config", "-Dmaven.test.failure.ignore=true\n"),
        new_file("src/test/resources/junit-platform.properties", "x=1\n"),
        new_file("src/main/resources/META-INF/services/org.junit.platform.engine.TestEngine", "x\n"),
        new_file("src/main/java/forgehand/Listener.java", "package forgehand;\n"),
    ]
    ending = "        if (parts.length == 1) System.exit(0);\n        int cents = 50;\n"
    lies = [(ending, f"Running then: `{PROOF}::readsWholePrices`")]
    story = await tell_fix(tell, BUG, tmp_path, ["2 pass | 3 pass", "mvn test"], attempts, lies=lies, **mirror)
    assert f"for example `{PROOF}`" in suggested(story)
