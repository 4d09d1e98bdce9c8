defmodule Cart do
  def add(one, two), do: one + two
end
