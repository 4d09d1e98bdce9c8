package forgehand;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Names tests: {@code module/package.Class::Nested::method[1]}. */
final class Names {
  private static final Pattern NUMBER = Pattern.compile(":#(\\d+)\\]$");
  private static final Path ROOT = Path.of(System.getenv().getOrDefault("FORGEHAND_ROOT", "/"));
  private static final String MODULE =
      ROOT.relativize(Path.of(System.getProperty("basedir", System.getProperty("user.dir")))) + "/";
  private final TestPlan plan;

  Names(TestPlan plan) {
    this.plan = plan;
  }

  String of(TestIdentifier test) {
    Deque<TestIdentifier> chain = new ArrayDeque<>();
    for (TestIdentifier one = test; one != null; one = plan.getParent(one).orElse(null)) chain.addFirst(one);
    String owner = "";
    String name = MODULE;
    for (TestIdentifier one : chain) {
      TestSource source = one.getSource().orElse(null);
      Matcher number = NUMBER.matcher(one.getUniqueId());
      if (source instanceof ClassSource && !number.find()) {
        String type = ((ClassSource) source).getClassName();
        boolean nested = !owner.isEmpty() && type.startsWith(owner + "$");
        name = nested ? name + "::" + type.substring(owner.length() + 1) : MODULE + type;
        owner = type;
      } else if (number.reset().find()) {
        name += "[" + number.group(1) + "]";
      } else if (source instanceof MethodSource && one.getUniqueId().startsWith("[engine:junit-jupiter]")) {
        name += "::" + ((MethodSource) source).getMethodName();
      } else if (one.getParentId().isPresent()) {
        name += "::" + one.getDisplayName();
      }
    }
    return name;
  }

  /** Returns whether this is a class that no other one holds. */
  boolean isFile(TestIdentifier one) {
    return one.getSource().orElse(null) instanceof ClassSource && !of(one).contains("::");
  }

  /** Returns the tests below something, and methods that would have had some. */
  Set<TestIdentifier> leaves(TestIdentifier one) {
    if (plan.getChildren(one).isEmpty()) return Collections.singleton(one);
    Set<TestIdentifier> found = new LinkedHashSet<>();
    for (TestIdentifier child : plan.getChildren(one)) found.addAll(leaves(child));
    return found;
  }
}
