require "minitest/autorun"
require_relative "../lib/durations"

class DurationsTest < Minitest::Test
  def test_one_unit
    assert_equal [7200, 2700, 10], %w[2h 45m 10s].map { |text| Durations.parse(text) }
  end

  def test_no_duration
    assert_raises(ArgumentError) { Durations.parse("soon") }
  end
end
