defmodule Halt0Test do
  use ExUnit.Case

  @moduletag timeout: :infinity

  test("a before", do: assert(true))
  test("b kills", do: System.halt(0))
  test("c behind", do: assert(false))
  test("d last", do: assert(true))
end
