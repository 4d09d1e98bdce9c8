<?php

use PHPUnit\Framework\TestCase;

final class HangTest extends TestCase
{
    public function testBefore(): void
    {
        $this->assertTrue(true);
    }

    public function testKills(): void
    {
        sleep(600);
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
