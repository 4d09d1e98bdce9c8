package shop;

import static org.junit.Assert.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

@RunWith(Parameterized.class)
public class EvenTest {
    private final int number;

    public EvenTest(int number) { this.number = number; }

    @Parameterized.Parameters public static List<Object> numbers() { return Arrays.<Object>asList(1, 2); }

    @Test public void even() { assertEquals(0, number % 2); }
}
