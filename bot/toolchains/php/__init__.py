"""Install and test PHP: ``inside`` holds the reporter of PHPUnit 9, ``config`` writes what PHPUnit is told."""
