<?php

// Report what PHPUnit 9 says: phpunit --printer ForgehandPrinter

use PHPUnit\Framework\AssertionFailedError;
use PHPUnit\Framework\ExceptionWrapper;
use PHPUnit\Framework\Test;
use PHPUnit\Framework\TestCase;
use PHPUnit\Framework\TestFailure;
use PHPUnit\Framework\TestResult;
use PHPUnit\Framework\TestSuite;
use PHPUnit\Framework\Warning;

final class ForgehandPrinter extends PHPUnit\TextUI\DefaultResultPrinter
{
    private const HOOKED = 'Test skipped because of an error in hook method';

    private ?ForgehandRecords $records;
    private bool $planned = false;
    private array $told = [];

    public function __construct(...$arguments)
    {
        parent::__construct(...$arguments);
        $this->records = ForgehandRecords::take();
    }

    public function startTestSuite(TestSuite $suite): void
    {
        if (!$this->planned) {
            $this->planned = true;
            $this->plan($suite);
        }
        parent::startTestSuite($suite);
    }

    public function startTest(Test $test): void
    {
        $this->told = ['passed', 'call', null];
        $this->tell('start', $test);
        parent::startTest($test);
    }

    public function addError(Test $test, Throwable $t, float $time): void
    {
        $this->fail($test, $t);
        parent::addError($test, $t, $time);
    }

    public function addFailure(Test $test, AssertionFailedError $e, float $time): void
    {
        $this->fail($test, $e);
        parent::addFailure($test, $e, $time);
    }

    public function addRiskyTest(Test $test, Throwable $t, float $time): void
    {
        $this->fail($test, $t);
        parent::addRiskyTest($test, $t, $time);
    }

    public function addIncompleteTest(Test $test, Throwable $t, float $time): void
    {
        $this->told = ['skipped', 'call', ['message' => $t->getMessage()]];
        parent::addIncompleteTest($test, $t, $time);
    }

    public function addSkippedTest(Test $test, Throwable $t, float $time): void
    {
        $hooked = $t->getMessage() === self::HOOKED;
        $this->told = [...($hooked ? ['error', 'setup'] : ['skipped', 'call']), ['message' => $t->getMessage()]];
        parent::addSkippedTest($test, $t, $time);
    }

    public function endTest(Test $test, float $time): void
    {
        if ($name = $this->name($test)) {
            $this->records?->case(...$name, ...$this->told, seconds: $time);
        }
        parent::endTest($test, $time);
    }

    public function printResult(TestResult $result): void
    {
        $this->records?->write('end', []);
        parent::printResult($result);
    }

    private function plan(TestSuite $suite): void
    {
        foreach ($suite as $test) {
            $test instanceof TestSuite ? $this->plan($test) : $this->tell('plan', $test);
        }
    }

    private function tell(string $event, Test $test): void
    {
        if ($name = $this->name($test)) {
            $this->records?->write($event, ['id' => $name['id'], 'key' => $name['key']]);
        }
    }

    // File, class and name. One whose data is broken stands for its method; a class without tests stands for nothing.
    private function name(Test $test): ?array
    {
        [$class, $name] = [$test::class, $test instanceof TestCase ? $test->getName() : (string) $test];
        if (!$test instanceof TestCase || str_starts_with($class, 'PHPUnit\\Framework\\')) {
            $text = method_exists($test, 'getMessage') ? $test->getMessage() : '';
            if (!preg_match('/specified for (\S+)::(\S+) /', $text, $found)) {
                return null;
            }
            [, $class, $name] = $found;
        }
        $file = $this->records?->place((string) (new ReflectionClass($class))->getFileName());

        return ['id' => "$file::$class::$name", 'key' => "$class::$name"];
    }

    private function fail(Test $test, Throwable $error): void
    {
        $wrapped = $error instanceof ExceptionWrapper;
        $asserted = $error instanceof AssertionFailedError;
        $type = $asserted ? 'AssertionError' : ($wrapped ? $error->getClassName() : $error::class);
        $text = $asserted ? TestFailure::exceptionToString($error) : $error->getMessage();
        $phase = $this->phase($test, $wrapped ? $error->getSerializableTrace() : $error->getTrace());
        $verdict = $phase === 'call' ? 'failed' : 'error';
        $this->told = [$verdict, $phase, $this->records?->describe($error, $type, $text)];
    }

    // By the method that PHPUnit called. What was to be called is only seen after the test, in none of them.
    private function phase(Test $test, array $trace): string
    {
        if (!$test instanceof TestCase || str_starts_with($test::class, 'PHPUnit\\Framework\\')) {
            return 'collect';
        }
        $hooks = PHPUnit\Util\Test::getHookMethods($test::class);
        $called = array_column($trace, 'function');
        $after = [...$hooks['after'], ...$hooks['afterClass'], 'assertPostConditions'];
        $before = [...$hooks['before'], ...$hooks['beforeClass'], 'assertPreConditions'];
        $named = in_array($test->getName(false), ['tearDownAfterClass', ...$hooks['afterClass']], true);

        return match (true) {
            $named || array_intersect($after, $called) !== [] => 'teardown',
            array_intersect($before, $called) !== [] => 'setup',
            default => 'call',
        };
    }
}
