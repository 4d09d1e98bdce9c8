<?php

use PHPUnit\Framework\TestCase;

final class Exit0Test extends TestCase
{
    public function testBefore(): void
    {
        $this->assertTrue(true);
    }

    public function testKills(): void
    {
        exit(0);
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
