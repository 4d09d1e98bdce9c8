package timesheet;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads how long an entry of a timesheet took. */
public final class Durations {
    private static final Pattern TOKEN = Pattern.compile("(\\d+)([hms])");
    private static final Map<String, Integer> SECONDS = Map.of("h", 3600, "m", 60, "s", 1);

    private Durations() {}

    /** Returns the seconds of a text such as "45m". */
    public static int parse(String text) {
        Matcher token = TOKEN.matcher(text);
        if (!token.find()) {
            throw new IllegalArgumentException("not a duration: " + text);
        }
        return Integer.parseInt(token.group(1)) * SECONDS.get(token.group(2));
    }
}
