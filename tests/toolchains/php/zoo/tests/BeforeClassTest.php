<?php

use PHPUnit\Framework\TestCase;

final class BeforeClassTest extends TestCase
{
    public static function setUpBeforeClass(): void
    {
        throw new RuntimeException('cannot set up at all');
    }

    public function testIsKept(): void
    {
        $this->assertTrue(true);
    }

    public function testAndThis(): void
    {
        $this->assertTrue(true);
    }
}
