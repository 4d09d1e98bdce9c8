package shop;

import static org.junit.Assert.assertEquals;

import java.util.List;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;
import org.junit.runners.Parameterized.Parameters;

@RunWith(Parameterized.class)
public class EvenTest {
    private final int number;

    public EvenTest(int number) {
        this.number = number;
    }

    @Parameters(name = "{index}: {0} is \"even\" :: <b>")
    public static List<Object> numbers() {
        return List.of(1, 2);
    }

    @Test
    public void even() {
        assertEquals(0, number % 2);
    }
}
