package shop;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HooksTest {
    @Nested
    class BeforeFails {
        @BeforeEach
        void prepare() {
            throw new IllegalStateException("before each");
        }

        @Test
        void waits() {}
    }

    @Nested
    class AfterFails {
        @AfterEach
        void clean() {
            throw new AssertionError("after each");
        }

        @Test
        void passes() {}
    }
}

class BrokenTest {
    @BeforeAll
    static void prepare() {
        throw new IllegalStateException("before all");
    }

    @Test
    void one() {}

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void two(int number) {}
}

class UncleanTest {
    @AfterAll
    static void clean() {
        throw new IllegalStateException("after all");
    }

    @Test
    void passes() {}
}

class UnmadeTest {
    UnmadeTest() {
        throw new IllegalStateException("the constructor");
    }

    @Test
    void waits() {}
}
