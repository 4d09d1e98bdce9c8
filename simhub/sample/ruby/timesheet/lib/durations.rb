# Reads how long an entry of a timesheet took.
module Durations
  SECONDS = { "h" => 3600, "m" => 60, "s" => 1 }.freeze

  # Seconds of a text such as "45m".
  def self.parse(text)
    found = text.match(/(\d+)([hms])/)
    raise ArgumentError, "not a duration: #{text}" if found.nil?
    found[1].to_i * SECONDS[found[2]]
  end
end
