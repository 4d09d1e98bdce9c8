<?php

use PHPUnit\Framework\TestCase;

final class TearDownTest extends TestCase
{
    protected function tearDown(): void
    {
        throw new RuntimeException('cannot tidy up');
    }

    public function testIsNotTidiedUp(): void
    {
        $this->assertTrue(true);
    }

    public function testFailsByItself(): void
    {
        $this->assertTrue(false);
    }
}
