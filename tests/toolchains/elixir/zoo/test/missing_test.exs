defmodule MissingTest do
  use NotThere
end
