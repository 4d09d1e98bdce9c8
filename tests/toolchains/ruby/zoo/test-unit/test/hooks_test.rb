# frozen_string_literal: true

require_relative "test_helper"

class SetupTest < Test::Unit::TestCase
  def setup = raise("cannot set up")
  def test_is_kept_from_running = nil
end

class TeardownTest < Test::Unit::TestCase
  def teardown = raise("cannot tidy up")
  def test_is_not_tidied_up = nil
  def test_fails_by_itself = assert(false)
end

class CleanupTest < Test::Unit::TestCase
  def cleanup = assert(false)
  def test_is_not_cleaned_up = nil
end

class StartupTest < Test::Unit::TestCase
  def self.startup = raise("cannot start up")
  def test_runs_all_the_same = nil
end

class ShutdownTest < Test::Unit::TestCase
  def self.shutdown = raise("cannot shut down")
  def test_is_well_itself = nil
end
