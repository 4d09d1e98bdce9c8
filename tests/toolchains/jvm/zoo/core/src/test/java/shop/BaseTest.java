package shop;

import org.junit.jupiter.api.Test;

abstract class BaseTest {
    @Test
    void isInherited() {}
}
