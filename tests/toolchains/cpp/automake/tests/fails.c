#include <signal.h>
#include <stdio.h>

#include "cart.h"

int main(void) {
    printf("3 is not 4\n");
    return add(1, 2) == 4 ? 0 : 1;
}
