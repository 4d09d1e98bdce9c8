#!/usr/bin/env bash
# With which exit code does a run of Tcl's own test framework end when tests failed?
#
# Seen with Debian's tcl8.6 8.6.13+dfsg-2, which brings tcltest 2.5.5: with 0. One file has a test that fails, another
# stops at a command that does not exist, before its second test. The usual all.tcl, which calls runAllTests, counts one
# failure, names the file that broke, and ends with 0; so does the first file run by itself. The library leaves the exit
# code to the caller, whom runAllTests tells by what it returns, and the short all.tcl throws that away. A program that
# judges a run by its exit code sees every Tcl project green. Read the line "Total ... Failed" and the list below it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download tcl8.6=8.6.13+dfsg-2 libtcl8.6=8.6.13+dfsg-2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH=$PWD/$(dirname "$(find usr/lib -name libtcl8.6.so | head -n 1)")
export TCL_LIBRARY=$PWD/usr/share/tcltk/tcl8.6
mkdir tests
cat > tests/cart.test <<'TCL'
package require tcltest
namespace import ::tcltest::*
test cart-1 {adds} {expr {1 + 1}} 2
test cart-2 {adds wrongly} {expr {1 + 1}} 3
cleanupTests
TCL
cat > tests/shop.test <<'TCL'
package require tcltest
namespace import ::tcltest::*
test shop-1 {opens} {expr {1 + 1}} 2
open_the_shop
test shop-2 {closes} {expr {1 + 1}} 3
cleanupTests
TCL
cat > tests/all.tcl <<'TCL'
package require tcltest
namespace import ::tcltest::*
configure -testdir [file dirname [file normalize [info script]]]
runAllTests
TCL
sed 's/^runAllTests/exit [runAllTests]/' tests/all.tcl > tests/exits.tcl
run() {
  local code=0
  usr/bin/tclsh8.6 "tests/$1" > output.txt 2>&1 || code=$?
  echo "exit code $code, $(grep 'Total' output.txt | tr -s '\t' ' ')$(grep -A 2 'exiting with errors' output.txt | tr -d '\n')"
}
all=$(run all.tcl)
one=$(run cart.test)
exits=$(run exits.tcl)
printf '%s\n' "$all" "$one" "$exits"
counts='Total 2 Passed 1 Skipped 0 Failed 1'
[ "$all" = "exit code 0, all.tcl: ${counts}Test files exiting with errors:    shop.test" ] || { echo "changed: all.tcl"; exit 1; }
[ "$one" = "exit code 0, cart.test: $counts" ] || { echo "changed: one file"; exit 1; }
[[ $exits = "exit code 1, exits.tcl: $counts"* ]] || { echo "changed: what runAllTests returns"; exit 1; }
