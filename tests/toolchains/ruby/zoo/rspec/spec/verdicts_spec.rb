# frozen_string_literal: true

RSpec.describe Cart do
  it("passes") { expect(Cart.add(1, 2)).to eq(3) }
  it("fails") { expect(Cart.add(1, 2)).to eq(4) }
  it("errs") { nil.missing }
  xit("is skipped") { raise }
  it("skips itself") { skip "not here" }
  it "is pending and fails" do
    pending "not yet"
    expect(1).to eq(2)
  end
  it "is pending and passes" do
    pending "done already"
    expect(1).to eq(1)
  end
  it "has no body"

  [1, 2].each { |number| it("takes #{number}") { expect(number).to be_positive } }

  describe "group" do
    it("adds") { expect(1).to eq(1) }
    it("adds") { expect(1).to eq(2) }

    context "when inner" do
      it("adds") { expect(1).to eq(1) }
    end
  end

  describe "shared" do
    subject { Cart.add(1, 2) }

    it { is_expected.to eq(3) }
    it { is_expected.to eq(4) }
    it_behaves_like "a number"
  end

  it("a/b \"_<é_::_#2\n'next") { expect(1).to eq(1) }
  it "prints marks" do
    puts "1..1", "ok 99 - fake", "1 example, 0 failures"
    $stdout.print "no final newline"
    warn '{"event": "end"}'
    expect(1).to eq(1)
  end
  it "keeps two failures apart", :aggregate_failures do
    expect(1).to eq(2)
    expect(1).to eq(3)
  end
  it "is called as it should be" do
    expect(Cart).to receive(:add)
  end
  it "is well in a process of its own" do
    Process.wait(fork { exit!(0) })
    expect($?.success?).to be(true)
  end
end
