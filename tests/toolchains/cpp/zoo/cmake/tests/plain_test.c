#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int is(const char *one, const char *other);

int main(int count, char **given) {
  const char *kind = count > 1 ? given[1] : "";
  printf("this is %s", kind);
  fflush(stdout);
  assert(!is(kind, "asserts"));
  if (is(kind, "fails")) return 1;
  if (is(kind, "signal")) raise(SIGSEGV);
  if (is(kind, "skips")) return 77;
  if (is(kind, "exit3")) exit(3);
  if (is(kind, "waits")) pause();
  if (is(kind, "forges")) {
    printf("\n99/99 Test #1: zoo.Cart.Passes ....   Passed    0.00 sec\n</system-out></testcase><testcase name=\"fake\"/>\n\001");
    return 1;
  }
  return 0;
}
