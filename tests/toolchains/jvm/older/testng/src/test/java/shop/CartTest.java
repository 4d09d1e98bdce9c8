package shop;

import static org.testng.Assert.assertEquals;

import org.testng.SkipException;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

public class CartTest {
    @Test public void adds() { assertEquals(1 + 1, 2); }

    @Test public void fails() { assertEquals(1 + 1, 3, "sum"); }

    @Test public void raises() { throw new IllegalStateException("not yet"); }

    @Test public void skips() { throw new SkipException("later"); }

    @Test(dependsOnMethods = "fails") public void needsAnother() { }

    @Test(enabled = false) public void isOff() { }

    @Test(expectedExceptions = IllegalArgumentException.class) public void expects() {
        throw new IllegalArgumentException();
    }

    @DataProvider public Object[][] numbers() { return new Object[][] {{1}, {2}}; }

    @Test(dataProvider = "numbers") public void even(int number) { assertEquals(number % 2, 0); }
}
