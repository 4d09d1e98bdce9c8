<?php

final class OrphanTest extends NotThere
{
    public function testNever(): void
    {
    }
}
