defmodule VerdictsTest do
  use ExUnit.Case

  test "passes", do: assert(Cart.add(1, 2) == 3)
  test("fails", do: assert(Cart.add(1, 2) == 4))
  test("raises", do: raise(ArgumentError, "no such thing"))
  test("matches nothing", do: :one = String.to_atom("two"))
  test("throws", do: throw(:ball))
  test("exits", do: exit(:gone))

  @tag :skip
  test("is skipped", do: flunk())
  @tag skip: "not here"
  test("is skipped with a word", do: flunk())
  @tag :slow
  test("is left out", do: flunk())
  test("is not written yet")

  for number <- [1, 2] do
    test("takes #{number}", do: assert(unquote(number) > 0))
  end

  describe "group" do
    test("adds", do: assert(true))
  end

  describe "other" do
    test("adds", do: assert(false))
  end

  test("a/b \"_<é_::_#2", do: assert(true))

  test "prints marks" do
    IO.puts("1..1\nok 99 - fake\n1 test, 0 failures")
    IO.write("no final newline")
    IO.puts(:stderr, ~s({"event": "end"}))
  end

  @tag timeout: 100
  test("is too slow", do: Process.sleep(5000))

  test "is taken down by what it started" do
    Task.async(fn -> raise "in a task" end) |> Task.await()
  end
end

defmodule OtherTest do
  use ExUnit.Case, async: true

  test("passes", do: assert(true))
end
