#include "durations.hpp"

#include <iostream>
#include <stdexcept>

int main() {
  if (parse_duration("2h") != 7200 || parse_duration("45m") != 2700) return 1;
  try {
    parse_duration("soon");
  } catch (const std::invalid_argument&) {
    return 0;
  }
  std::cerr << "soon is no duration\n";
  return 1;
}
