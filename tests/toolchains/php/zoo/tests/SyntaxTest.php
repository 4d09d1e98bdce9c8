<?php

final class SyntaxTest extends PHPUnit\Framework\TestCase
{
    public function testNever(): void
    {
        $this->assertTrue(true;
    }
}
