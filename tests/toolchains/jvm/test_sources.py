"""Tests as they stand in files, and the files of classes."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.jvm.sources import Sources, read_file
from tests.toolchains.conftest import write

PLACE = "core/src/test/java/shop/CartTest.java"
JAVA = """package shop;

/* class Hidden { @Test void hidden() {} } */
class CartTest {
    String text = "} @Test void quoted() {";
    char brace = '{';
    // @Test void commented() {}
    @Test
    @Tag("slow")
    public void adds() throws Exception { call(new int[] {1}); }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void even(int number) {}

    void helper() {}
    @BeforeEach void prepare() {}
    @org.junit.After
    public void clean() {}

    @Nested
    class Inner {
        @org.junit.jupiter.api.Test void adds() {}
        @Nested class Deeper { @RepeatedTest(2) void adds() {} }
    }

    static <T> List<T> values() { return List.of(); }
    @TestFactory Stream<DynamicTest> makes() { return null; }
}

record Other(int one) {
    @Test void alone() {}
}
"""
KOTLIN = """package shop

class TillTest {
    @Test
    fun `adds two prices`() { assertEquals(3, add(1, 2)) }
}
"""


def test_tests_are_found_with_the_classes_around_them(tmp_path: Path) -> None:
    file = read_file(write(tmp_path, {PLACE: JAVA}), PLACE, "core")
    assert file.classes == ("shop.CartTest", "shop.Other")
    assert file.tests == ("adds", "even", "Inner::adds", "Inner::Deeper::adds", "makes", "alone")
    assert file.hooks == {"prepare": "setup", "clean": "teardown"}
    assert file.list_selections()["Inner::Deeper::adds"] == "shop.CartTest$Inner$Deeper#adds"
    assert file.list_selections()["alone"] == "shop.Other#alone"


def test_names_of_kotlin_may_hold_blanks(tmp_path: Path) -> None:
    file = read_file(write(tmp_path, {"TillTest.kt": KOTLIN}), "TillTest.kt", "")
    assert (file.classes, file.tests) == (("shop.TillTest",), ("adds two prices",))


def test_a_file_that_is_no_text_or_no_class_has_none(tmp_path: Path) -> None:
    (tmp_path / "A.java").write_bytes(b"\xff\xfe}}}} @Test (")
    (tmp_path / "B.java").symlink_to("/etc/passwd")
    for name in ("A.java", "B.java", "C.java"):
        file = read_file(tmp_path, name, "")
        assert (file.classes, file.tests) == ((), ())


def test_what_is_begun_and_not_ended_holds_no_tests(tmp_path: Path) -> None:
    for begun in ("/* ", '"""\n', 'String text = "'):
        tree = write(tmp_path, {"A.java": f"class A {{ @Test void first() {{}} {begun}@Test void second() {{}} }}"})
        assert read_file(tree, "A.java", "").tests == ("first",)


def test_what_is_told_of_a_class_is_told_of_its_file(tmp_path: Path) -> None:
    tree = write(tmp_path, {PLACE: JAVA, "src/test/java/shop/CartTest.java": JAVA})
    sources = Sources([read_file(tree, PLACE, "core"), read_file(tree, "src/test/java/shop/CartTest.java", "")])
    assert sources.name("core/shop.CartTest::adds") == f"{PLACE}::adds"
    assert sources.name("/shop.CartTest::Inner::adds[1]") == "src/test/java/shop/CartTest.java::Inner::adds[1]"
    assert sources.name("core/shop.CartTest$Inner::adds") == f"{PLACE}::Inner::adds"
    assert sources.name("core/shop.Other") == PLACE
    assert sources.name("core/shop.CartTest[2]::adds") == f"{PLACE}::[2]::adds"
    assert sources.name("app/shop.Other::alone") == "app/shop.Other::alone"


def test_a_failure_of_a_hook_is_none_of_the_test(tmp_path: Path) -> None:
    sources = Sources([read_file(write(tmp_path, {PLACE: JAVA}), PLACE, "core")])
    assert (
        sources.find_phase("x.E: no\n\tat shop.Cart.add(Cart.java:3)\n\tat shop.CartTest.prepare(CartTest.java:9)")
        == "setup"
    )
    assert sources.find_phase("x.E: no\n\tat app//shop.CartTest.clean(CartTest.java:9)") == "teardown"
    assert sources.find_phase("x.E: no\n\tat shop.CartTest.adds(CartTest.java:9)") == "call"
    assert sources.find_phase("x.E: at shop.CartTest.prepare") == "call"
