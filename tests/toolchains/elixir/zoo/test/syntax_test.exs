defmodule SyntaxTest do
  use ExUnit.Case
  test "never", do: assert(
end
