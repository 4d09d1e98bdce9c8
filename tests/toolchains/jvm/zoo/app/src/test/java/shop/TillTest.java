package shop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TillTest {
    @Test
    void totals() {
        assertEquals(3, Till.total(1, 2));
    }
}
