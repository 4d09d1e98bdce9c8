defmodule HangTest do
  use ExUnit.Case

  @moduletag timeout: :infinity

  test("a before", do: assert(true))
  test("b kills", do: Process.sleep(:infinity))
  test("c behind", do: assert(false))
  test("d last", do: assert(true))
end
