require "not_there"

RSpec.describe("missing") { it("never runs") { nil } }
