#pragma once
int add(int one, int other);
