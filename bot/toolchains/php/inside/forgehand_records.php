<?php

// Write one signed line for each event of a run, as bot/toolchains/events.py reads them.
//
// Prepended to PHPUnit: it reads the key before any code of the repository and removes it. A process that PHPUnit
// starts for one test finds no key, and says nothing.

final class ForgehandRecords
{
    private const TEXT = 4000;

    private static ?self $own = null;

    private function __construct(private \HashContext $chain, private $file, private string $root)
    {
    }

    public static function open(string $folder, string $root): void
    {
        $key = @file_get_contents("$folder/key");
        if ($key === false) {
            return;
        }
        unlink("$folder/key");
        self::$own = new self(hash_init('sha256', HASH_HMAC, $key), fopen("$folder/results.jsonl", 'x'), $root);
    }

    // Once: whoever asks later gets nothing.
    public static function take(): ?self
    {
        [$own, self::$own] = [self::$own, null];

        return $own;
    }

    public function write(string $event, array $record): void
    {
        $how = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
        $line = str_replace('\u0000', '', json_encode(['event' => $event] + $record, $how));
        hash_update($this->chain, $line);
        fwrite($this->file, hash_final(hash_copy($this->chain)) . " $line\n");
    }

    // The path of a file below the repository's root, '' for one that lies elsewhere.
    public function place(string $file): string
    {
        return str_starts_with($file, "{$this->root}/") ? substr($file, strlen($this->root) + 1) : '';
    }

    public function case(string $id, string $key, string $verdict, string $phase, ?array $told, float $seconds): void
    {
        $told ??= ['message' => '', 'raised' => []];
        $case = ['id' => $id, 'verdict' => $verdict, 'phase' => $phase, 'seconds' => round($seconds, 4)] + $told;
        $this->write('case', ['key' => $key, 'case' => $case]);
    }

    // Type, message and innermost place of what was thrown; the code makes all of it, so it is told as no proof.
    public function describe(\Throwable $error, string $type, string $text): array
    {
        $frames = [['file' => $error->getFile(), 'line' => $error->getLine()], ...$error->getTrace()];
        $own = array_filter($frames, fn ($one) => $this->place($one['file'] ?? '') !== '');

        return $this->tell($type, $text, array_map(fn ($one) => [$this->place($one['file']), $one['line']], $own));
    }

    // Type and message of what was thrown, with the frames (path, line) that lie in the repository, innermost first.
    public function tell(string $type, string $text, array $frames): array
    {
        $lines = array_map(fn ($one) => implode(':', $one), array_values($frames));
        $path = $frames === [] ? '' : reset($frames)[0];
        $raised = ['type' => $type, 'message' => substr($text, 0, 1000), 'path' => $path, 'genuine' => false];
        $message = substr(trim("$type: $text") . "\n" . implode("\n", $lines), 0, self::TEXT);

        return ['message' => $message, 'raised' => [$raised]];
    }
}

if (getenv('FORGEHAND_COVERAGE') !== false) {
    require __DIR__ . '/forgehand_lines.php';
}
ForgehandRecords::open((string) getenv('FORGEHAND_RESULTS'), (string) getenv('FORGEHAND_ROOT'));
spl_autoload_register(static function (string $name): void {
    if ($name === 'ForgehandPrinter') {
        require __DIR__ . '/forgehand_printer.php';
    }
});
