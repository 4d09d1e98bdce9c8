require_relative "test_helper"

class SyntaxTest < Minitest::Test
  def test_never = assert(
end
