# frozen_string_literal: true

require "minitest/autorun"
require "cart"

module Shared
  def test_is_shared = assert_equal(3, Cart.add(1, 2))
end
