# frozen_string_literal: true

# Write one signed line for each event of a run, as bot/toolchains/events.py reads them.
#
# Loaded before any code of the repository: it reads the key and removes it, so that only the reporter can sign.
require "fileutils"
require "json"
require "openssl"

# runners that shuffle do it alike in every run
srand(1)

module Forgehand
  TEXT = 4000
  ROOT = ENV.fetch("FORGEHAND_ROOT")

  def self.clean(text)
    text = String(text).dup
    text.force_encoding("UTF-8") unless text.encoding.ascii_compatible? && text.encoding != Encoding::BINARY
    text.encode("UTF-8", invalid: :replace, undef: :replace).scrub.gsub(/\e\[[0-9;]*[A-Za-z]|\0/, "")
  end

  # The path of a file below the repository's root, nil for one that lies elsewhere.
  def self.place(file)
    full = File.expand_path(file)
    full.delete_prefix("#{ROOT}/") if full.start_with?("#{ROOT}/") && !file.start_with?("<")
  end

  def self.name(file, *names)
    clean([place(file) || file, *names].join("::"))
  end

  # Where an error came through the repository; the stack is what the code made of it, so it is told as no proof.
  def self.describe(error, type = error.class.name || "Error")
    stack = (error.backtrace || []).map { |line| line.partition(/:\d+/) }
    inner = stack.filter_map { |file, line, rest| [place(file), line + rest] if place(file) }
    text = clean(error.message).strip
    lines = inner.map(&:join)
    raised = [{ type: type, message: text[0, 1000], path: inner.dig(0, 0) || "", genuine: false }]
    { message: "#{type}: #{text}\n#{clean(lines.join("\n"))}".strip[0, TEXT], raised: raised }
  end

  # Bundler writes the lock that a repository does not keep; it is not left there.
  def self.load_gems
    gemfile = ENV["BUNDLE_GEMFILE"]
    return if gemfile.nil?

    lock = gemfile.end_with?("gems.rb") ? gemfile.sub(/rb\z/, "locked") : "#{gemfile}.lock"
    kept = File.exist?(lock)
    require "bundler/setup"
    FileUtils.rm_f(lock) unless kept
  end

  class Records
    GENERATE = JSON.method(:generate)

    def initialize(folder)
      key = File.join(folder, "key")
      @chain = OpenSSL::HMAC.new(File.binread(key), "SHA256")
      File.unlink(key)
      @file = File.new(File.join(folder, "results.jsonl"), File::WRONLY | File::CREAT | File::EXCL)
      @process = $$
      @lock = Monitor.new
    end

    def plan(id, key, line = 0) = write(event: "plan", id: id, key: key, line: line || 0)
    def file(file) = write(event: "plan", file: file)
    def start(id, key) = write(event: "start", id: id, key: key)
    def end(file = "") = write(event: "end", file: file)

    def problem(id, phase, error)
      write(event: "problem", id: id, phase: phase, message: Forgehand.describe(error)[:message])
    end

    def case(id, key, verdict, phase: "call", told: {}, seconds: 0, line: 0)
      write(event: "case", key: key, line: line || 0,
            case: { id: id, verdict: verdict, phase: phase, seconds: (seconds || 0).round(4), **told })
    end

    private

    # A process that a test forks has all of this too, and says nothing.
    def write(record)
      return if $$ != @process

      @lock.synchronize do
        line = GENERATE.call(record)
        @chain << line
        @file.syswrite("#{@chain.hexdigest} #{line}\n")
      end
    end
  end
end
