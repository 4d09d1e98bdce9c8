#!/usr/bin/env bash
# What does Ruby's Coverage tell of a file that is loaded twice?
#
# Seen with Debian's ruby 3.1.2: only what ran since the last load. One would expect the counts of both to add up, but
# `load` of a file sets its counts to zero, and no warning says so: a method that was called five times has 0 hits after
# it. Tests of scripts do that (`load "bin/tool"` in each test), so which lines count as run depends on the test that
# comes last. Read Coverage.peek_result before each load and add the counts up.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=$(/usr/bin/ruby -e 'print RUBY_VERSION')
[ "$version" = 3.1.2 ] || { echo "needs Debian's ruby 3.1.2, not $version"; exit 1; }
printf 'def price\n  5\nend\n' > shop.rb
cat > run.rb <<'RUBY'
require "coverage"
def counts = Coverage.peek_result.fetch(File.realpath("shop.rb"))
Coverage.start
load "./shop.rb"
5.times { price }
before = counts
load "./shop.rb"
after = counts
price
puts "#{before} #{after} #{counts}"
RUBY
seen=$(/usr/bin/ruby run.rb 2>&1)
echo "ruby $version: $seen"
[ "$seen" = "[1, 5, nil] [1, 0, nil] [1, 1, nil]" ] || { echo "changed: what a second load leaves of the counts"; exit 1; }
