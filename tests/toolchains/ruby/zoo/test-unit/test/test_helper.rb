# frozen_string_literal: true

require "test/unit"
require "cart"
