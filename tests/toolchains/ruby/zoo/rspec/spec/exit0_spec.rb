# frozen_string_literal: true

RSpec.describe "exit0" do
  it("is before") { nil }
  it("kills") { exit 0 }
  it("is behind") { expect(1).to eq(2) }
  it("is last") { nil }
end
