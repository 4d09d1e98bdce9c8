package forgehand;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Tells what the JUnit Platform plans and runs. It is made, and takes the key, before tests are looked for. */
public final class Listener implements TestExecutionListener {
  private static final AtomicBoolean TAKEN = new AtomicBoolean();
  private static final int TEXT = 4000;
  // a test may start launchers of its own: those are none of ours
  private final Records records = TAKEN.getAndSet(true) ? null : Records.open(System.getenv("FORGEHAND_RESULTS"));
  private final Map<String, Long> begun = new ConcurrentHashMap<>();
  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private Names names;

  @Override
  public void testPlanExecutionStarted(TestPlan plan) {
    names = new Names(plan);
    for (TestIdentifier root : plan.getRoots()) {
      plan.getDescendants(root).stream().filter(TestIdentifier::isTest).forEach(one -> tell("plan", one));
    }
  }

  @Override
  public void executionStarted(TestIdentifier one) {
    begun.put(one.getUniqueId(), System.nanoTime());
    if (one.isTest()) tell("start", one);
    if (names.isFile(one)) write("plan", Records.text("file", names.of(one)));
  }

  @Override
  public void executionSkipped(TestIdentifier one, String reason) {
    for (TestIdentifier test : names.leaves(one)) end(test, "skipped", "call", reason, null);
  }

  @Override
  public void executionFinished(TestIdentifier one, TestExecutionResult result) {
    Throwable thrown = result.getThrowable().orElse(null);
    if (one.isTest()) {
      Status status = result.getStatus();
      String verdict = status == Status.SUCCESSFUL ? "passed" : status == Status.ABORTED ? "skipped" : "failed";
      end(one, verdict, "call", describe(thrown), thrown);
    } else if (result.getStatus() != Status.SUCCESSFUL) {
      String verdict = result.getStatus() == Status.ABORTED ? "skipped" : "error";
      Set<TestIdentifier> untold = new LinkedHashSet<>(names.leaves(one));
      untold.removeIf(test -> told.contains(test.getUniqueId()));
      for (TestIdentifier test : untold) end(test, verdict, "setup", describe(thrown), thrown);
      if (untold.isEmpty()) {
        String problem = Records.text("phase", "teardown") + "," + Records.text("message", describe(thrown));
        write("problem", Records.text("id", names.of(one)) + "," + problem);
      }
    }
    if (names.isFile(one)) write("end", Records.text("file", names.of(one)));
  }

  private void end(TestIdentifier one, String verdict, String phase, String message, Throwable thrown) {
    told.add(one.getUniqueId());
    long since = begun.getOrDefault(one.getUniqueId(), System.nanoTime());
    StringBuilder raised = new StringBuilder();
    for (Throwable each = thrown; each != null && raised.length() < TEXT; each = each.getCause()) {
      String text = String.valueOf(each.getMessage());
      String error = Records.text("message", text.substring(0, Math.min(text.length(), TEXT / 4)));
      raised.append(raised.length() == 0 ? "{" : ",{").append(Records.text("type", each.getClass().getName()));
      raised.append(",").append(error).append("}");
    }
    String told = Records.text("id", names.of(one)) + "," + Records.text("verdict", verdict);
    told += "," + Records.text("phase", phase) + "," + Records.text("message", message) + ",\"seconds\":";
    told += (System.nanoTime() - since) / 1000000 / 1e3 + ",\"raised\":[" + raised + "]";
    write("case", Records.text("key", one.getUniqueId()) + ",\"case\":{" + told + "}");
  }

  private void tell(String event, TestIdentifier one) {
    write(event, Records.text("id", names.of(one)) + "," + Records.text("key", one.getUniqueId()));
  }

  private void write(String event, String more) {
    if (records != null) records.write("{" + Records.text("event", event) + "," + more + "}");
  }

  private static String describe(Throwable thrown) {
    StringWriter text = new StringWriter();
    if (thrown != null) thrown.printStackTrace(new PrintWriter(text, true));
    return text.toString().substring(0, Math.min(text.toString().length(), TEXT));
  }
}
