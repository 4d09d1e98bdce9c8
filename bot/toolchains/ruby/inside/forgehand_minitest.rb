# frozen_string_literal: true

# Report what minitest says. Loaded by forgehand_unit.rb before the test files.
require "minitest"

class ForgehandReporter < Minitest::AbstractReporter
  # Hooks of minitest, called around a test's own; the phase is noted with what was raised in it.
  module Phases
    ATTRIBUTE = :@forgehand_phase

    def before_setup = (@forgehand = "setup") && super
    def after_setup = super.tap { @forgehand = "call" }
    def before_teardown = (@forgehand = "teardown") && super

    def capture_exceptions(&block)
      known = failures.size
      super
      failures.drop(known).each { |one| one.instance_variable_set(ATTRIBUTE, @forgehand) }
    end
  end

  ORDINARY = [Minitest::Runnable, Minitest::Test].map(&:singleton_class)

  def self.install(records, homes)
    # loading the files must not start a run: forgehand_unit.rb does
    Minitest.singleton_class.prepend(Module.new { def autorun = nil })
    Minitest::Test.prepend(Phases)
    Minitest.extensions << "forgehand"
    Minitest.define_singleton_method(:plugin_forgehand_init) do |options|
      reporter << ForgehandReporter.new(records, homes, options[:filter])
    end
  end

  def self.classes = Minitest::Runnable.runnables

  def self.run(keys)
    chosen = keys.empty? ? [] : ["-n", "/\\A(?:#{keys.map { |key| Regexp.escape(key) }.join("|")})\\z/"]
    Minitest.run([*chosen, "--seed", "1"])
  end

  def initialize(records, homes, filter)
    super()
    @records = records
    @homes = homes
    @filter = Regexp.new(filter.to_s[%r{\A/(.*)/\z}m, 1] || "")
    @ids = {}
    @planned = []
  end

  def start
    ForgehandReporter.classes.each { |type| plan(type) if ORDINARY.include?(type.method(:run).owner) }
  end

  def prerecord(type, name)
    plan(type)
    @ids["#{type}##{name}"] = id(type, name)
    @records.start(id(type, name), "#{type}##{name}")
  end

  def record(result)
    key = "#{result.klass}##{result.name}"
    phase = result.failure&.instance_variable_get(Phases::ATTRIBUTE) || "call"
    @records.case(@ids.fetch(key, key), key, verdict(result, phase), phase: phase, told: told(result.failure),
                  seconds: result.time, line: result.source_location[1])
  end

  private

  # Once for each class. One that decides by a `run` of its own whether its tests run has none until one does.
  def plan(type)
    return if @planned.include?(type)

    @planned << type
    names = type.runnable_methods.select { |name| "#{type}##{name}".match?(@filter) }
    names.each { |name| @records.plan(id(type, name), "#{type}##{name}", line(type, name)) }
  end

  def verdict(result, phase)
    return "passed" if result.passed?
    return "skipped" if result.skipped?

    phase == "call" ? "failed" : "error"
  end

  def told(failure)
    return {} if failure.nil?
    return { message: Forgehand.clean(failure.message) } if failure.is_a?(Minitest::Skip)
    return Forgehand.describe(failure.error) if failure.respond_to?(:error) && failure.error != failure

    Forgehand.describe(failure, "AssertionError")
  end

  # A number in the name of a spec counts those above it.
  def id(type, name)
    own = type < Minitest::Spec ? name.sub(/\Atest_\d{4}_/, "") : name if defined?(Minitest::Spec)
    @homes.name(type, type.instance_method(name).source_location, type.name, own || name)
  end

  def line(type, name) = type.instance_method(name).source_location&.last
end
