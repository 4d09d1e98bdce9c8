<?php

// Print a line of JSON for each given file that cannot be read or parsed. None of them is executed.
foreach (array_slice($argv, 1) as $file) {
    if (!is_file($file)) {
        echo json_encode([$file, 'The file is not there.'], JSON_INVALID_UTF8_SUBSTITUTE), "\n";
        continue;
    }
    try {
        token_get_all((string) file_get_contents($file), TOKEN_PARSE);
    } catch (ParseError $error) {
        $message = "ParseError: {$error->getMessage()} in line {$error->getLine()}";
        echo json_encode([$file, $message], JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    }
}
