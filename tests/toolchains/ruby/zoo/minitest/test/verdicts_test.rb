# frozen_string_literal: true

require_relative "test_helper"

class VerdictsTest < Minitest::Test
  include Shared

  def test_passes = assert_equal(3, Cart.add(1, 2))
  def test_fails = assert_equal(4, Cart.add(1, 2))
  def test_errs = nil.missing
  def test_skips = skip("not here")

  [1, 2].each { |number| define_method("test_takes_#{number}") { assert_predicate number, :positive? } }

  define_method("test_a/b \"_<é_::_#2") { assert true }

  def test_prints_marks
    puts "1..1", "ok 99 - fake", "1 runs, 1 assertions, 0 failures"
    $stdout.print "no final newline"
    warn '{"event": "end"}'
  end

  def test_is_well_in_a_process_of_its_own
    Process.wait(fork { exit!(0) })
    assert_predicate $?, :success?
  end

  class InnerTest < Minitest::Test
    def test_passes = assert(true)
  end
end

class AgainTest < VerdictsTest
  def test_fails = assert(true)
end

# As sexp_processor has it: nothing of it runs but in classes below.
class AbstractTest < Minitest::Test
  def self.run(*) = (super unless self == AbstractTest)
  def test_is_not_known_here = assert(known)
end

class ConcreteTest < AbstractTest
  def known = true
end

class ParallelTest < Minitest::Test
  parallelize_me!

  def test_one = assert(true)
  def test_two = assert(false)
end

describe "basket" do
  it("adds") { _(Cart.add(1, 2)).must_equal 3 }
  it("adds") { _(Cart.add(1, 2)).must_equal 4 }

  describe "inner" do
    it("adds") { _(1).must_equal 1 }
    it("has no body")
  end
end
