#include <signal.h>
#include <stdio.h>

#include "cart.h"

int main(void) {
    return add(1, 2) == 3 ? 0 : 1;
}
