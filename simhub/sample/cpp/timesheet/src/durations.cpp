#include "durations.hpp"

#include <cctype>
#include <map>
#include <stdexcept>

int parse_duration(const std::string& text) {
  static const std::map<char, int> seconds = {{'h', 3600}, {'m', 60}, {'s', 1}};
  std::size_t at = 0;
  int amount = 0;
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) amount = amount * 10 + (text[at++] - '0');
  if (at == 0 || at == text.size()) throw std::invalid_argument("not a duration: " + text);
  return amount * seconds.at(text[at]);
}
