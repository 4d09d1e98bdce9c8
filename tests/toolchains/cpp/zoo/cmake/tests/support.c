#include <string.h>

int is(const char *one, const char *other) { return strcmp(one, other) == 0; }
