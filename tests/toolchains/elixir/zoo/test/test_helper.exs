ExUnit.start(exclude: [:slow], max_failures: 1)
