require_relative "test_helper"

class SyntaxTest < Test::Unit::TestCase
  def test_never = assert(
end
