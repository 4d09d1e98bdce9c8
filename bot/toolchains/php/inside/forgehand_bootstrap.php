<?php

// PHPUnit 10 and newer load this before extensions and any code of the repository, and it loads the repository's own.

require_once __DIR__ . '/forgehand_records.php';
if ($forgehand = ForgehandRecords::take()) {
    require_once __DIR__ . '/forgehand_tracer.php';
    PHPUnit\Event\Facade::instance()->registerTracer(new ForgehandTracer($forgehand));
}
unset($forgehand);
if (getenv('FORGEHAND_BOOTSTRAP')) {
    require_once getenv('FORGEHAND_BOOTSTRAP');
}
