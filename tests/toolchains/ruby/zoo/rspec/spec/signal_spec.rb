# frozen_string_literal: true

RSpec.describe "signal" do
  it("is before") { nil }
  it("kills") { Process.kill(:KILL, Process.pid) }
  it("is behind") { expect(1).to eq(2) }
  it("is last") { nil }
end
