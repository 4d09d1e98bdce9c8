# frozen_string_literal: true

# Report what test-unit says. Loaded by forgehand_unit.rb before the test files.
require "test/unit"
require "test/unit/ui/testrunnermediator"

module ForgehandReporter
  SKIPPED = %w[PendedError OmittedError].freeze
  class << self
    attr_reader :records, :homes

    def install(records, homes)
      @records = records
      @homes = homes
      # loading the files must not start a run: forgehand_unit.rb does
      Test::Unit::AutoRunner.need_auto_run = false
      Test::Unit::TestCase.prepend(Recorded)
      Test::Unit::TestSuite.prepend(Fixtures)
      Test::Unit::UI::TestRunnerMediator.prepend(Planned)
    end

    def classes = Test::Unit::TestCase::DESCENDANTS

    def run(keys)
      runner = Test::Unit::AutoRunner.new(false)
      runner.filters << ->(test) { keys.include?(test.name) } if keys.any?
      runner.run
    end

    def plan(test)
      return test.tests.each { |one| plan(one) } if test.respond_to?(:tests)

      records.plan(id(test), test.name, line(test))
    end

    def id(test) = homes.name(test.class, location(test), test.class.name, test.local_name)
    def line(test) = location(test)&.last
    def location(test) = test.method(test.method_name).source_location

    def tell(test, faults, seconds)
      error, phase = faults.find { |one, _| !skip?(one) } || faults.first
      return records.case(id(test), test.name, "passed", seconds: seconds, line: line(test)) if error.nil?

      verdict = phase == "call" ? "failed" : "error"
      verdict = "skipped" if skip?(error)
      records.case(id(test), test.name, verdict, phase: skip?(error) ? "call" : phase, told: describe(error),
                   seconds: seconds, line: line(test))
    end

    private

    def skip?(error) = SKIPPED.include?(error.class.name[/\w+\z/])

    def describe(error)
      return { message: Forgehand.clean(error.message) } if skip?(error)

      asserted = error.is_a?(Test::Unit::AssertionFailedError)
      Forgehand.describe(error, asserted ? "AssertionError" : error.class.name || "Error")
    end
  end

  # Around the methods of a test case that call the test's own, each its phase.
  module Recorded
    def run(result)
      @forgehand = []
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      ForgehandReporter.records.start(ForgehandReporter.id(self), name)
      super
      ForgehandReporter.tell(self, @forgehand, Process.clock_gettime(Process::CLOCK_MONOTONIC) - began)
    end

    private

    def run_setup(&block)
      @forgehand_phase = "setup"
      super { (@forgehand_phase = "call") && block.call }
    end

    def run_cleanup = (@forgehand_phase = "teardown") && super
    def run_teardown = (@forgehand_phase = "teardown") && super
    def handle_exception(error) = super.tap { |known| @forgehand << [error, @forgehand_phase] if known }
  end

  # What a class does before and after all of its tests.
  module Fixtures
    private

    def run_startup(result) = (@forgehand_phase = "setup") && super
    def run_shutdown(result) = (@forgehand_phase = "teardown") && super

    def handle_exception(error, result)
      id = ForgehandReporter.homes.name(@test_case, nil, @test_case.name)
      ForgehandReporter.records.problem(id, @forgehand_phase, error)
      super
    end
  end

  module Planned
    def run_suite(result = nil)
      ForgehandReporter.plan(@suite)
      super
    end
  end
end
