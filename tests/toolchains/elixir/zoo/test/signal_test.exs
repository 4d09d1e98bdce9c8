defmodule SignalTest do
  use ExUnit.Case

  @moduletag timeout: :infinity

  test("a before", do: assert(true))
  test("b kills", do: System.cmd("kill", ["-KILL", System.pid()]))
  test("c behind", do: assert(false))
  test("d last", do: assert(true))
end
