# Report what ExUnit says: elixir -r forgehand.exs -S mix test --formatter ForgehandFormatter
#
# Loaded before mix reads any code of the repository: it reads the key and removes it. One signed line for each event, as
# bot/toolchains/events.py reads them.
defmodule ForgehandRecords do
  @block 64
  @text 4000

  # A process holds the key's hashes until the formatter, which asks once, takes them.
  def open(folder) do
    path = Path.join(folder, "key")
    key = File.read!(path)
    File.rm!(path)
    inner = :crypto.hash_update(:crypto.hash_init(:sha256), pad(key, 0x36))

    receive do
      {:take, pid} -> send(pid, {:records, %{inner: inner, outer: pad(key, 0x5C)}})
    end
  end

  defp pad(key, byte) do
    padded = key <> :binary.copy(<<0>>, @block - byte_size(key))
    :crypto.exor(padded, :binary.copy(<<byte>>, @block))
  end

  def write(records, record) do
    line = encode(record)
    inner = :crypto.hash_update(records.inner, line)
    signature = :crypto.hash(:sha256, records.outer <> :crypto.hash_final(inner))
    Port.command(records.port, [Base.encode16(signature, case: :lower), " ", line, "\n"])
    %{records | inner: inner}
  end

  def load do
    _ = Base.encode16(:crypto.hash(:sha256, encode(%{line: ["\"", 1.5, true]})), case: :lower)
    _ = {Path.expand("a"), inspect(__MODULE__), String.replace_prefix("a", "b", "")}
    :ok
  end

  def cut(text), do: String.slice(text, 0, @text)

  def encode(%{} = map) do
    "{#{Enum.map_join(map, ",", fn {key, value} -> "#{encode(to_string(key))}:#{encode(value)}" end)}}"
  end

  def encode(list) when is_list(list), do: "[#{Enum.map_join(list, ",", &encode/1)}]"
  def encode(value) when is_number(value) or is_boolean(value), do: to_string(value)

  def encode(text) do
    clean = if String.valid?(text), do: text, else: inspect(text, binaries: :as_strings)
    "\"" <> Regex.replace(~r/["\\\x00-\x1f]/, String.replace(clean, "\0", ""), &escape/1) <> "\""
  end

  defp escape(<<code>>), do: "\\u" <> String.pad_leading(Integer.to_string(code, 16), 4, "0")
end

defmodule ForgehandFormatter do
  use GenServer

  # The descriptor that the command opens for the results. What is written to a port is there when the machine halts.
  @results 9

  # ExUnit does not wait for formatters. With one scheduler, one that goes first and has its code loaded has written what
  # it was told before the test runs, which may halt the machine.
  def init(_options) do
    Process.flag(:priority, :max)
    ForgehandRecords.load()
    send(ForgehandRecords.Holder, {:take, self()})

    receive do
      {:records, records} -> {:ok, Map.put(records, :port, Port.open({:fd, @results, @results}, [:out, :binary]))}
    end
  end

  def handle_cast(event, records), do: {:noreply, take(event, records)}

  defp take({:module_started, module}, records) do
    Enum.reduce(module.tests, records, &write(&2, "plan", &1))
  end

  # Told again of a run that leaves it out, a test that ended the run before would have a verdict.
  defp take({event, %{state: {:excluded, _reason}} = test}, records) when event in [:test_started, :test_finished] do
    if System.get_env("FORGEHAND_AGAIN"), do: records, else: skip(event, test, records)
  end

  defp take({:test_started, test}, records), do: write(records, "start", test)

  # Why setup_all kept it from running is told with its module.
  defp take({:test_finished, %{state: {:invalid, _module}}}, records), do: records

  defp take({:test_finished, test}, records) do
    {verdict, phase, told} = verdict(test.state, test)
    case = Map.merge(%{id: id(test), verdict: verdict, phase: phase, seconds: test.time / 1_000_000}, told)
    ForgehandRecords.write(records, %{event: "case", key: key(test), line: test.tags.line, case: case})
  end

  defp take({:module_finished, %{state: {:failed, failures}} = module}, records) do
    message = describe(failures).message

    Enum.reduce(module.tests, records, fn test, records ->
      case = %{id: id(test), verdict: "error", phase: "setup", message: message}
      ForgehandRecords.write(records, %{event: "case", key: key(test), line: test.tags.line, case: case})
    end)
  end

  defp take({:suite_finished, _times}, records), do: ForgehandRecords.write(records, %{event: "end"})
  defp take(_event, records), do: records

  defp skip(:test_started, _test, records), do: records

  defp skip(:test_finished, %{state: {:excluded, reason}} = test, records) do
    case = %{id: id(test), verdict: "skipped", message: text(reason)}
    ForgehandRecords.write(records, %{event: "case", key: key(test), line: test.tags.line, case: case})
  end

  defp write(records, event, test) do
    ForgehandRecords.write(records, %{event: event, id: id(test), key: key(test), line: test.tags.line})
  end

  defp verdict(nil, _test), do: {"passed", "call", %{}}
  defp verdict({:skipped, reason}, _test), do: {"skipped", "call", %{message: text(reason)}}

  defp verdict({:failed, failures}, test) do
    phase = phase(failures, test)
    {if(phase == "call", do: "failed", else: "error"), phase, describe(failures)}
  end

  # By the function that ExUnit called. A timeout is ended from outside, and has the error of its own.
  defp phase([{_kind, %ExUnit.TimeoutError{}, _stack} | _], _test), do: "timeout"

  defp phase([{_kind, _error, stack} | _], test) do
    called = for {module, name, _arity, _place} <- stack, module == test.module, do: to_string(name)

    cond do
      to_string(test.name) in called or Enum.any?(called, &String.starts_with?(&1, "-test ")) -> "call"
      # what a set-up leaves to be done at the exit is a function of its own
      Enum.any?(called, &String.starts_with?(&1, "-__ex_unit_setup")) -> "teardown"
      Enum.any?(called, &String.starts_with?(&1, "__ex_unit")) -> "setup"
      true -> "call"
    end
  end

  defp describe([{kind, error, stack} | _]) do
    asserted = match?(%ExUnit.AssertionError{}, error)
    type = if asserted, do: "AssertionError", else: type(kind, error)
    message = if asserted, do: ExUnit.Formatter.format_assertion_error(error) |> plain(), else: reason(kind, error)
    lines = for {_module, _name, _arity, place} <- stack, file = own(place[:file]), do: "#{file}:#{place[:line]}"
    path = List.first(lines, "") |> String.split(":") |> hd()
    raised = %{type: type, message: String.slice(message, 0, 1000), path: path, genuine: false}
    %{message: ForgehandRecords.cut(Enum.join(["#{type}: #{message}" | lines], "\n")), raised: [raised]}
  end

  defp type(:error, %{__struct__: module}), do: inspect(module)
  defp type(kind, _error), do: if(is_atom(kind), do: to_string(kind), else: "exit")

  defp reason(:error, error) when is_exception(error), do: Exception.message(error)
  defp reason(_kind, error), do: inspect(error)

  defp plain(text), do: String.trim(String.replace(text, ~r/\e\[[0-9;]*m/, ""))

  # A file's place below the tree, nil for one that lies elsewhere.
  defp place(file) do
    root = System.get_env("FORGEHAND_ROOT") <> "/"
    full = Path.expand(to_string(file))
    if String.starts_with?(full, root), do: String.replace_prefix(full, root, "")
  end

  # Elixir's own files are named as if they lay in the unit.
  defp own(nil), do: nil
  defp own(file), do: if(File.exists?(to_string(file)), do: place(file))

  defp id(test) do
    name = String.replace_prefix(to_string(test.name), "test ", "")
    Enum.join([place(test.tags.file) || test.tags.file, inspect(test.module), name], "::")
  end

  defp key(test), do: to_string(test.name)
  defp text(reason) when is_binary(reason), do: reason
  defp text(reason), do: inspect(reason)
end

# signed lines are written by the formatter's own process; nothing of the repository runs before this is registered
holder = spawn(fn -> ForgehandRecords.open(System.fetch_env!("FORGEHAND_RESULTS")) end)
Process.register(holder, ForgehandRecords.Holder)
