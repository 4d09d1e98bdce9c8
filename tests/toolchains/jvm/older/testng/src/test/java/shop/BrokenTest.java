package shop;

import org.testng.annotations.BeforeClass;
import org.testng.annotations.Test;

public class BrokenTest {
    @BeforeClass public void open() { throw new IllegalStateException("closed"); }

    @Test public void one() { }
}
