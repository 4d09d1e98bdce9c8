<?php

// Count the lines that run, by pcov, and tell it at the end in lcov's format.
//
// PHPUnit's own reports hold only what a test says that it covers: other lines would be called idle, though they ran.
\pcov\start();

$tell = static function (string $root, string $folder): void {
    \pcov\stop();
    $told = '';
    foreach (\pcov\collect(\pcov\all) as $file => $lines) {
        if (str_starts_with($file, $root)) {
            $counts = array_map(fn ($line, $times) => "DA:$line," . max($times, 0), array_keys($lines), $lines);
            $told .= implode("\n", ['SF:' . substr($file, strlen($root)), ...$counts, 'end_of_record', '']);
        }
    }
    file_put_contents("$folder/" . bin2hex(random_bytes(8)) . '.lcov', $told);
};
$given = [getenv('FORGEHAND_ROOT') . '/', (string) getenv('FORGEHAND_COVERAGE')];
// what is registered while the others run comes after them
register_shutdown_function('register_shutdown_function', $tell, ...$given);
