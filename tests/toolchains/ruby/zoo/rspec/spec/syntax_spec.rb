RSpec.describe "syntax" do
  it("never runs") { expect(1 }
end
