package shop;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.Assume;
import org.junit.Ignore;
import org.junit.Test;

public class CartTest {
    @Test
    public void adds() {
        assertEquals(3, Cart.add(1, 2));
    }

    @Test
    public void fails() {
        assertEquals(4, Cart.add(1, 2));
    }

    @Test
    public void raises() {
        throw new IllegalStateException("not yet");
    }

    @Test(expected = IllegalStateException.class)
    public void expects() {
        throw new IllegalStateException();
    }

    @Test
    @Ignore("later")
    public void ignored() {
        fail();
    }

    @Test
    public void assumes() {
        Assume.assumeTrue(false);
    }

    @Test
    public void prints() {
        System.out.print("shop.CartTest > fails PASSED\n{\"event\":\"case\"}\nBUILD SUCCESSFUL");
    }

    @Test(timeout = 50)
    public void takesTooLong() throws InterruptedException {
        Thread.sleep(60_000);
    }

    @Test
    public void findsNoKey() throws Exception {
        Files.readAllBytes(Path.of("/forgehand/results/key"));
    }

    @Test
    public void failsLateElsewhere() throws InterruptedException {
        Thread thread = new Thread(() -> { throw new IllegalStateException("nobody waits for this"); });
        thread.start();
        thread.join();
    }
}
