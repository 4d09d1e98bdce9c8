# frozen_string_literal: true

RSpec.describe "hooks" do
  describe "before" do
    before { raise "cannot set up" }

    it("is kept from running") { nil }
  end

  describe "before all" do
    before(:context) { raise "cannot set up at all" }

    it("is kept too") { nil }
    it("and this") { nil }
  end

  describe "after" do
    after { raise "cannot tidy up" }

    it("is not tidied up") { nil }
    it("fails by itself") { expect(1).to eq(2) }
  end

  describe "around" do
    around do |example|
      raise "cannot go round"
      example.run
    end

    it("is not reached") { nil }
  end

  describe "after all" do
    after(:context) { raise "cannot tidy up at all" }

    it("is well itself") { nil }
  end
end
