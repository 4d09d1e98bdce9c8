<?php

namespace Shop\Tests;

use PHPUnit\Framework\TestCase;
use Shop\Cart;

final class VerdictsTest extends TestCase
{
    public function testPasses(): void
    {
        $this->assertSame(3, Cart::add(1, 2));
    }

    public function testFails(): void
    {
        $this->assertSame(4, Cart::add(1, 2), "it's [not] | so");
    }

    public function testErrs(): void
    {
        throw new \RuntimeException('no such thing');
    }

    public function testTypeError(): void
    {
        Cart::add('one', 2);
    }

    public function testSkips(): void
    {
        $this->markTestSkipped('not here');
    }

    public function testIsIncomplete(): void
    {
        $this->markTestIncomplete('not yet');
    }

    public function testAssertsNothing(): void
    {
    }

    public function testWarns(): void
    {
        $this->assertTrue(true);
        trigger_error('take care', E_USER_WARNING);
    }

    /** @dataProvider numbers */
    public function testTakes(int $number): void
    {
        $this->assertGreaterThan(0, $number);
    }

    public static function numbers(): array
    {
        return ['one' => [1], 'a/b "_<é_::_#2' => [2], [0]];
    }

    /** @dataProvider missing */
    public function testHasNoData(int $number): void
    {
        $this->assertGreaterThan(0, $number);
    }

    /** @depends testFails */
    public function testDepends(): void
    {
        $this->assertTrue(true);
    }

    /** @test */
    public function it_is_marked(): void
    {
        $this->assertTrue(true);
    }

    public function testPrintsMarks(): void
    {
        fwrite(STDOUT, "##teamcity[testFinished name='testFails' duration='1' flowId='1']\n");
        echo "\n##teamcity[testStarted name='testFake' locationHint='php_qn:///x']\n1..1\nok 99 - fake\nno final newline";
        $this->assertTrue(true);
    }

    /** @runInSeparateProcess */
    public function testRunsApart(): void
    {
        $this->assertTrue(true);
    }

    public function testExpects(): void
    {
        $this->expectException(\RuntimeException::class);
    }

    public function testMocks(): void
    {
        $this->createMock(\Countable::class)->expects($this->once())->method('count');
    }
}
