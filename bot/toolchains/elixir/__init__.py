"""Install and test Elixir: ``inside`` holds the reporter of ExUnit."""
