# frozen_string_literal: true

require_relative "test_helper"

class Exit3Test < Test::Unit::TestCase
  def test_a_before = nil
  def test_b_kills = exit!(3)
  def test_c_behind = assert(false)
  def test_d_last = nil
end
