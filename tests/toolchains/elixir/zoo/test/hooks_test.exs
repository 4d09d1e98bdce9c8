defmodule SetupTest do
  use ExUnit.Case

  setup do
    raise "cannot set up"
  end

  test("is kept from running", do: assert(true))
end

defmodule SetupAllTest do
  use ExUnit.Case

  setup_all do
    raise "cannot set up at all"
  end

  test("is kept too", do: assert(true))
  test("and this", do: assert(true))
end

defmodule ExitTest do
  use ExUnit.Case

  setup do
    on_exit(fn -> raise "cannot tidy up" end)
  end

  test("is not tidied up", do: assert(true))
end
