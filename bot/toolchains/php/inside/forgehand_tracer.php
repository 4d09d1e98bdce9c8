<?php

// Report the events of PHPUnit 10 and newer.

use PHPUnit\Event\Code\Test;
use PHPUnit\Event\Code\TestMethod;
use PHPUnit\Event\Code\Throwable;
use PHPUnit\Event\Event;
use PHPUnit\Event\Tracer\Tracer;

final class ForgehandTracer implements Tracer
{
    private const SPACE = 'PHPUnit\\Event\\';
    private array $planned = [];
    private string $phase = 'setup';
    private float $since = 0;
    private bool $aborted = false;

    public function __construct(private ForgehandRecords $records)
    {
    }

    public function trace(Event $event): void
    {
        match (substr($event::class, strlen(self::SPACE))) {
            'TestSuite\\Loaded' => $this->plan($event->testSuite()->tests()->asArray()),
            'TestSuite\\Skipped' => $this->skip($event->testSuite()->tests()->asArray(), $event->message()),
            'Test\\PreparationStarted' => $this->begin($event->test()),
            'Test\\Prepared' => $this->phase = 'call',
            // hooks of PHPUnit's own are none of the test's
            'Test\\AfterTestMethodCalled', 'Test\\PostConditionCalled' => $this->phase = 'teardown',
            'Test\\Passed' => $this->tell($event->test(), 'passed', 'call'),
            'Test\\Failed', 'Test\\Errored' => $this->fail($event->test(), $event->throwable()),
            'Test\\Skipped' => $this->tell($event->test(), 'skipped', 'call', $event->message()),
            'Test\\MarkedIncomplete' => $this->tell($event->test(), 'skipped', 'call', $event->throwable()->message()),
            'Test\\ConsideredRisky' => $this->tell($event->test(), 'failed', 'call', $event->message()),
            'Test\\PhpunitErrorTriggered' => $this->tell($event->test(), 'error', 'collect', $event->message()),
            'Test\\BeforeFirstTestMethodErrored', 'Test\\BeforeFirstTestMethodFailed' => $this->keep($event),
            'Test\\AfterLastTestMethodErrored', 'Test\\AfterLastTestMethodFailed' => $this->leave($event),
            'TestRunner\\ExecutionAborted' => $this->aborted = true,
            'TestRunner\\ExecutionFinished' => $this->records->write('end', ['cut_short' => $this->aborted]),
            default => null,
        };
    }

    private function plan(array $tests): void
    {
        foreach ($tests as $test) {
            if ($test instanceof TestMethod) {
                $this->planned[$test->className()][] = $test;
                $this->write('plan', $test);
            }
        }
    }

    private function begin(Test $test): void
    {
        [$this->phase, $this->since] = ['setup', microtime(true)];
        $this->write('start', $test);
    }

    private function write(string $event, Test $test): void
    {
        if ($test instanceof TestMethod) {
            $this->records->write($event, ['id' => $this->name($test), 'key' => $test->nameWithClass()]);
        }
    }

    private function name(TestMethod $test): string
    {
        return "{$this->file($test->className())}::{$test->nameWithClass()}";
    }

    private function file(string $class): string
    {
        return $this->records->place((string) (new ReflectionClass($class))->getFileName());
    }

    private function tell(Test $test, string $verdict, string $phase, string $message = '', ?array $told = null): void
    {
        if ($test instanceof TestMethod) {
            $told ??= ['message' => substr($message, 0, 4000), 'raised' => []];
            $seconds = $this->since ? microtime(true) - $this->since : 0;
            $this->records->case($this->name($test), $test->nameWithClass(), $verdict, $phase, $told, $seconds);
        }
    }

    private function fail(Test $test, Throwable $error): void
    {
        $verdict = $this->phase === 'call' ? 'failed' : 'error';
        $this->tell($test, $verdict, $this->phase, told: $this->describe($error));
    }

    private function skip(array $tests, string $message): void
    {
        foreach ($tests as $test) {
            $this->tell($test, 'skipped', 'call', $message);
        }
    }

    // What a class could not set up keeps all of its tests from running.
    private function keep(Event $event): void
    {
        foreach ($this->planned[$event->testClassName()] ?? [] as $test) {
            $this->tell($test, 'error', 'setup', told: $this->describe($event->throwable()));
        }
    }

    private function leave(Event $event): void
    {
        $name = "{$event->calledMethod()->className()}::{$event->calledMethod()->methodName()}";
        $id = "{$this->file($event->testClassName())}::$name";
        $this->records->case($id, $name, 'error', 'teardown', $this->describe($event->throwable()), 0);
    }

    private function describe(Throwable $error): array
    {
        $asserted = is_a($error->className(), PHPUnit\Framework\AssertionFailedError::class, true);
        $type = $asserted ? 'AssertionError' : $error->className();
        $text = $asserted ? $error->description() : $error->message();
        preg_match_all('/^(.+):(\d+)$/m', $error->stackTrace(), $frames, PREG_SET_ORDER);
        $own = array_filter($frames, fn ($one) => $this->records->place($one[1]) !== '');

        return $this->records->tell($type, $text, array_map(fn ($one) => [$this->records->place($one[1]), $one[2]], $own));
    }
}
