# frozen_string_literal: true

require_relative "test_helper"

class VerdictsTest < Test::Unit::TestCase
  def test_passes = assert_equal(3, Cart.add(1, 2))
  def test_fails = assert_equal(4, Cart.add(1, 2))
  def test_errs = nil.missing
  def test_is_pending = pend("not yet")
  def test_is_left_out = omit("not here")

  data("one" => 1, "none" => 0)
  def test_takes(number) = assert_operator(number, :>, 0)

  test("a/b \"_<é_::_#2") { assert true }

  def test_prints_marks
    puts "1..1", "ok 99 - fake", "1 tests, 1 assertions, 0 failures"
    $stdout.print "no final newline"
    warn '{"event": "end"}'
  end

  def test_is_well_in_a_process_of_its_own
    Process.wait(fork { exit!(0) })
    assert_predicate $?, :success?
  end

  class InnerTest < Test::Unit::TestCase
    def test_passes = assert(true)
  end

  sub_test_case "group" do
    def test_adds = assert(true)
  end
end
