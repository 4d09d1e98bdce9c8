#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *kind = "";

static int is(const char *other) { return strcmp(kind, other) == 0; }

int main(int count, char **given) {
  kind = count > 1 ? given[1] : "";
  if (is("tap") || is("tap cut")) {
    puts(is("tap") ? "1..2\nok 1 a\nnot ok 2 b" : "1..2\nok 1 a");
    return 0;
  }
  printf("this is %s\n", kind);
  fflush(stdout);
  assert(!is("asserts"));
  if (is("fails")) return 1;
  if (is("skips")) return 77;
  if (is("error")) return 99;
  if (is("signal")) raise(SIGSEGV);
  if (is("waits")) pause();
  if (is("forges")) puts(" 1/15 zoo / fails   OK   0.01s\n{\"name\": \"zoo / fails\", \"result\": \"OK\"}");
  return is("forges");
}
