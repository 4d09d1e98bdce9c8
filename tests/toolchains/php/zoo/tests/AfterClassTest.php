<?php

use PHPUnit\Framework\TestCase;

final class AfterClassTest extends TestCase
{
    public static function tearDownAfterClass(): void
    {
        throw new RuntimeException('cannot tidy up at all');
    }

    public function testIsWell(): void
    {
        $this->assertTrue(true);
    }
}
