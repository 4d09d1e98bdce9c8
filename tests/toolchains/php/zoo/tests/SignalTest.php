<?php

use PHPUnit\Framework\TestCase;

final class SignalTest extends TestCase
{
    public function testBefore(): void
    {
        $this->assertTrue(true);
    }

    public function testKills(): void
    {
        posix_kill(posix_getpid(), 9);
    }

    public function testBehind(): void
    {
        $this->assertTrue(false);
    }

    public function testLast(): void
    {
        $this->assertTrue(true);
    }
}
