# frozen_string_literal: true

RSpec.describe "hang" do
  it("is before") { nil }
  it("kills") { sleep }
  it("is behind") { expect(1).to eq(2) }
  it("is last") { nil }
end
