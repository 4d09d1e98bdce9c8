# frozen_string_literal: true

# Count the lines that run of files that are loaded after this one, and tell it at the end, in lcov's format.
require "coverage"

folder = ENV.fetch("FORGEHAND_COVERAGE")
first = Process.pid
loaded = {}
# leaves a file with which no report is believed
withdraw = -> { File.write("#{folder}/blind", "") }

# of a file that is loaded again, Ruby forgets what ran before
TracePoint.new(:script_compiled) do |at|
  path = at.eval_script.nil? && at.instruction_sequence.absolute_path
  withdraw.call if path && loaded[path] && Forgehand.place(path)
  loaded[path] = true if path
end.enable
Coverage.start

# the first of these blocks runs last, in forked processes too
at_exit do
  unless Coverage.running?
    withdraw.call if Process.pid == first # SimpleCov, for one, takes the counts away
    next
  end

  own = Coverage.peek_result.select { |path, _| Forgehand.place(path) }
  told = own.flat_map do |path, lines|
    counts = lines.each_with_index.filter_map { |times, index| times && "DA:#{index + 1},#{times}" }
    ["SF:#{Forgehand.place(path)}", *counts, "end_of_record"]
  end
  File.write("#{folder}/#{Process.pid}.lcov", "#{told.join("\n")}\n")
end
