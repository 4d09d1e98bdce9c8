# frozen_string_literal: true

# Count the lines that run of files that are loaded after this one, and tell it at the end, in lcov's format.
require "coverage"

folder = ENV.fetch("FORGEHAND_COVERAGE")
Coverage.start

# the first of these blocks runs last, in forked processes too
at_exit do
  next unless Coverage.running?

  own = Coverage.peek_result.select { |path, _| Forgehand.place(path) }
  told = own.flat_map do |path, lines|
    counts = lines.each_with_index.filter_map { |times, index| times && "DA:#{index + 1},#{times}" }
    ["SF:#{Forgehand.place(path)}", *counts, "end_of_record"]
  end
  File.write("#{folder}/#{Process.pid}.lcov", "#{told.join("\n")}\n")
end
