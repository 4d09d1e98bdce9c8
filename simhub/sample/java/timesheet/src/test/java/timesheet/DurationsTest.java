package timesheet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class DurationsTest {
    @Test
    void oneUnit() {
        assertEquals(7200, Durations.parse("2h"));
        assertEquals(2700, Durations.parse("45m"));
    }

    @Test
    void noDuration() {
        assertThrows(IllegalArgumentException.class, () -> Durations.parse("soon"));
    }
}
