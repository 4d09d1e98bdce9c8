# frozen_string_literal: true

require_relative "test_helper"

class SetupTest < Minitest::Test
  def setup = raise("cannot set up")
  def test_is_kept_from_running = nil
end

class TeardownTest < Minitest::Test
  def teardown = raise("cannot tidy up")
  def test_is_not_tidied_up = nil
  def test_fails_by_itself = assert(false)
end
