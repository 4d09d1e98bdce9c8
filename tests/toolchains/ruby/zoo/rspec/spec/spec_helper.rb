# frozen_string_literal: true

require "cart"

RSpec.shared_examples "a number" do
  it("is one") { expect(subject).to be_a(Integer) }
end
