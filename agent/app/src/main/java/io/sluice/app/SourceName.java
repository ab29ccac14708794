package io.sluice.app;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the key of a source says of it ({@link io.sluice.tail.LogSource#key}): {@code
 * <namespace>_<pod>_<uid>/<container>}, names of Kubernetes having no {@code _}. Of a plain file
 * everything is empty.
 */
record SourceName(String namespace, String pod, String container) {
    private static final Pattern KEY = Pattern.compile("([^/_]+)_([^/_]+)_[^/]*/([^/]+)");

    static SourceName of(String key) {
        Matcher name = KEY.matcher(key);
        return name.matches()
                ? new SourceName(name.group(1), name.group(2), name.group(3))
                : new SourceName("", "", "");
    }
}
