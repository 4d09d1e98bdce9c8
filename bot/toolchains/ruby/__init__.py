"""Install and test Ruby: ``inside`` holds the reporters of RSpec, minitest and test-unit."""
