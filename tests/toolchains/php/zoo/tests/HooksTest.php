<?php

use PHPUnit\Framework\TestCase;

final class HooksTest extends TestCase
{
    protected function setUp(): void
    {
        throw new RuntimeException('cannot set up');
    }

    public function testIsKeptFromRunning(): void
    {
        $this->assertTrue(true);
    }
}
