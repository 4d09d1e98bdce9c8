# frozen_string_literal: true

# Run test files and report: ruby forgehand_unit.rb minitest|test_unit FILES -- KEYS OF TESTS, all where there are none
require_relative "forgehand_records"
records = Forgehand::Records.new(ENV.fetch("FORGEHAND_RESULTS"))
require_relative "forgehand_coverage" if ENV["FORGEHAND_COVERAGE"]
Forgehand.load_gems
runner, *files = ARGV.take_while { |one| one != "--" }
require_relative "forgehand_#{runner}"

# The files that classes of tests were made by. A test may stand in a module of a helper; its file is its class's.
class ForgehandHomes
  def initialize(files)
    @files = files.to_h { |file| [File.expand_path(file), file] }
    @homes = {}.compare_by_identity
  end

  def add(file, types)
    types.each { |type| @homes[type] ||= file }
  end

  def name(type, location, *names)
    own = location && File.expand_path(location.first)
    file = @files.key?(own) ? own : @homes[type] || own || ""
    Forgehand.name(file, *names.compact)
  end
end

homes = ForgehandHomes.new(files)
ForgehandReporter.install(records, homes)
broken = files.reject do |file|
  name = Forgehand.name(file)
  records.file(name)
  require File.expand_path(file)
  true
rescue ScriptError, StandardError, SystemExit => error
  records.problem(name, "collect", error)
  false
ensure
  homes.add(file, ForgehandReporter.classes)
  records.end(name) if name
end
passed = ForgehandReporter.run(ARGV.drop(files.size + 2))
records.end
exit(passed && broken.empty?)
