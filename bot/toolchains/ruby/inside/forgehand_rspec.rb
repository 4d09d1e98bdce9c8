# frozen_string_literal: true

# Run RSpec and report what it says: ruby forgehand_rspec.rb ARGUMENTS OF RSPEC
require_relative "forgehand_records"
records = Forgehand::Records.new(ENV.fetch("FORGEHAND_RESULTS"))
require_relative "forgehand_coverage" if ENV["FORGEHAND_COVERAGE"]
Forgehand.load_gems
require "rspec/core"

class ForgehandReporter
  EVENTS = %i[example_started example_passed example_failed example_pending].freeze

  def initialize(records)
    @records = records
    @phases = {}.compare_by_identity
  end

  def plan(groups)
    examples = groups.flat_map(&:descendants).flat_map(&:filtered_examples)
    examples.each { |one| @records.plan(id(one), one.id, one.metadata[:line_number]) }
  end

  def example_started(told)
    # a hook around the example begins before RSpec itself says where it is
    RSpec.current_scope = :before_example_hook if RSpec.respond_to?(:current_scope=)
    @records.start(id(told.example), told.example.id)
  end

  def example_passed(told) = tell(told.example, "passed")

  def example_failed(told)
    example = told.example
    phase = @phases.fetch(example, "call")
    tell(example, phase == "call" ? "failed" : "error", phase, describe(example.exception))
  end

  def example_pending(told)
    tell(told.example, "skipped", "call", { message: Forgehand.clean(told.example.execution_result.pending_message) })
  end

  # The first exception of an example decides: the others come of hooks behind it. What was to be called, or to hold
  # together, is only seen at the end.
  def fail(example, error)
    @phases[example] ||= asserted?(error) && phase == "teardown" ? "call" : phase
  end

  # An error outside of examples: of a file that is being loaded, or of a hook.
  def problem(error, file)
    return @records.problem(Forgehand.name(file), "collect", error) if file

    @records.problem("#{Forgehand.describe(error)[:raised][0][:path]}::hook", phase, error)
  end

  private

  def phase
    scope = RSpec.respond_to?(:current_scope) ? RSpec.current_scope.to_s : ""
    { "before" => "setup", "after" => "teardown" }.fetch(scope[/\A(before|after)_/, 1], "call")
  end

  # One that is named by what it expects has its name only when it has run.
  def id(example)
    suites = example.example_group.parent_groups.reverse.map(&:description)
    given = example.metadata[:description_args].any? ? example.metadata[:description] : "example"
    Forgehand.name(example.metadata[:rerun_file_path], *suites, given)
  end

  def tell(example, verdict, phase = "call", told = {})
    @records.case(id(example), example.id, verdict, phase: phase, told: told,
                  seconds: example.execution_result.run_time, line: example.metadata[:line_number])
  end

  def asserted?(error)
    error.class.name.to_s.match?(/Expectation(s?NotMet|Error)|PendingExampleFixed|Assertion/)
  end

  def describe(error)
    error = error.all_exceptions.first if error.respond_to?(:all_exceptions) && error.all_exceptions.any?
    Forgehand.describe(error, asserted?(error) ? "AssertionError" : error.class.name || "Error")
  end
end

reporter = ForgehandReporter.new(records)
loading = nil
RSpec::Core::Runner.disable_autorun!
RSpec::Core::Runner.prepend(Module.new do
  define_method(:run_specs) do |groups|
    RSpec.configuration.reporter.register_listener(reporter, *ForgehandReporter::EVENTS)
    reporter.plan(groups)
    super(groups)
  end
end)
RSpec::Core::Reporter.prepend(Module.new do
  define_method(:notify_non_example_exception) do |error, text|
    reporter.problem(error, loading)
    super(error, text)
  end
end)
RSpec::Core::Example.prepend(Module.new do
  define_method(:set_exception) do |error|
    reporter.fail(self, error)
    super(error)
  end
end)
# One file that cannot be loaded would end the whole run: the others run all the same.
RSpec::Core::Configuration.prepend(Module.new do
  define_method(:load_file_handling_errors) do |how, file|
    loading = file
    records.file(Forgehand.name(file))
    begin
      super(how, file)
    rescue SystemExit
      RSpec.world.rspec_is_quitting = false
    end
    records.end(Forgehand.name(file))
    RSpec.world.wants_to_quit = false
    loading = nil
  end
end)
# only a program of this name looks into its default folder
$PROGRAM_NAME = "rspec"
status = RSpec::Core::Runner.run(ARGV)
records.end
exit(status)
