#include <signal.h>
#include <stdio.h>

#include "cart.h"

int main(void) {
    printf("FAIL: adds\nPASS: fails\nno newline");
    return 0;
}
