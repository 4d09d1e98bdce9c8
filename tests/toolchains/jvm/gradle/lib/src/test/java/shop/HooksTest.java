package shop;

import org.junit.After;
import org.junit.Before;
import org.junit.BeforeClass;
import org.junit.Test;
import org.junit.experimental.runners.Enclosed;
import org.junit.runner.RunWith;

@RunWith(Enclosed.class)
public class HooksTest {
    public static class Broken {
        @BeforeClass
        public static void prepare() {
            throw new IllegalStateException("before class");
        }

        @Test
        public void one() {}

        @Test
        public void two() {}
    }

    public static class BeforeFails {
        @Before
        public void prepare() {
            throw new IllegalStateException("before");
        }

        @Test
        public void waits() {}
    }

    public static class AfterFails {
        @After
        public void clean() {
            throw new AssertionError("after");
        }

        @Test
        public void passes() {}
    }
}
