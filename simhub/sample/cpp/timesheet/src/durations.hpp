#pragma once

#include <string>

// Seconds of a text such as "45m".
int parse_duration(const std::string& text);
