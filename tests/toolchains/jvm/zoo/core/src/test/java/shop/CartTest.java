package shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CartTest {
    @Test
    void adds() {
        assertEquals(3, Cart.add(1, 2));
    }

    @Test
    void fails() {
        assertEquals(4, Cart.add(1, 2));
    }

    @Test
    void raises() {
        throw new IllegalStateException("not yet", new RuntimeException("the cause"));
    }

    @Test
    @Disabled("later")
    void disabled() {
        fail();
    }

    @Test
    void assumes() {
        Assumptions.assumeTrue(false, "not here");
    }

    @Test
    @DisplayName("a name: \"quoted\" :: <b> / # \n \u2603")
    void named() {}

    @Test
    void prints() {
        System.out.print("<testcase name=\"invented\"/>\n[ERROR] BUILD FAILURE\nTests run: 9, Failures: 9\nno final newline");
        System.err.print("{\"event\":\"case\"}");
    }

    @Test
    void adds(TestInfo info) {}

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void even(int number) {
        assertEquals(0, number % 2);
    }

    @ParameterizedTest
    @MethodSource("absent")
    void lacksItsValues(int number) {}

    @RepeatedTest(2)
    void repeats() {}

    @TestFactory
    Stream<DynamicNode> makes() {
        return Stream.of(
                DynamicTest.dynamicTest("equal", () -> {}),
                DynamicTest.dynamicTest("equal", () -> fail("the second")),
                DynamicContainer.dynamicContainer("inner", Stream.of(DynamicTest.dynamicTest("deep", () -> {}))));
    }

    @Test
    @Timeout(value = 50, unit = java.util.concurrent.TimeUnit.MILLISECONDS)
    void takesTooLong() throws InterruptedException {
        Thread.sleep(60_000);
    }

    @Test
    void failsLateElsewhere() throws InterruptedException {
        Thread thread = new Thread(() -> { throw new IllegalStateException("nobody waits for this"); });
        thread.start();
        thread.join();
    }

    @Nested
    class Inner {
        @Test
        void adds() {}

        @Nested
        class Deeper {
            @Test
            void adds() {
                fail("the third of its name");
            }
        }
    }
}
