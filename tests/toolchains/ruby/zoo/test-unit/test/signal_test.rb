# frozen_string_literal: true

require_relative "test_helper"

class SignalTest < Test::Unit::TestCase
  def test_a_before = nil
  def test_b_kills = Process.kill(:KILL, Process.pid)
  def test_c_behind = assert(false)
  def test_d_last = nil
end
