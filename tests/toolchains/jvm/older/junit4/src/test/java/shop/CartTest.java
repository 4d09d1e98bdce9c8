package shop;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.fail;

import org.junit.After;
import org.junit.Assume;
import org.junit.Before;
import org.junit.Ignore;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TestName;

public class CartTest {
    @Rule public TestName name = new TestName();

    @Before public void prepare() {
        if (name.getMethodName().equals("isNotPrepared")) throw new IllegalStateException("cannot");
    }

    @After public void tidy() {
        if (name.getMethodName().equals("isNotTidied")) throw new IllegalStateException("cannot");
    }

    @Test public void adds() { assertEquals(2, 1 + 1); }

    @Test public void fails() { assertEquals("sum", 3, 1 + 1); }

    @Test public void raises() { throw new IllegalStateException("not yet"); }

    @Ignore("later") @Test public void waits() { fail(); }

    @Test public void assumes() { Assume.assumeTrue("elsewhere", false); }

    @Test(expected = IllegalArgumentException.class) public void expects() { throw new IllegalArgumentException(); }

    @Test(timeout = 100) public void takesTooLong() throws InterruptedException { Thread.sleep(60_000); }

    @Test public void prints() {
        System.out.println("Tests run: 1, Failures: 1\n<testcase name=\"forged\" classname=\"shop.CartTest\"/>");
        System.out.print("no newline");
    }

    @Test public void isNotPrepared() { }

    @Test public void isNotTidied() { }
}
