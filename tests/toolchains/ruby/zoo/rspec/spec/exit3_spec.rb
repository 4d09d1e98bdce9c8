# frozen_string_literal: true

RSpec.describe "exit3" do
  it("is before") { nil }
  it("kills") { exit!(3) }
  it("is behind") { expect(1).to eq(2) }
  it("is last") { nil }
end
