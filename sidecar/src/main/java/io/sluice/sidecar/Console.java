package io.sluice.sidecar;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What the sidecar itself has to say: one line on stderr, between the lines of the sources. A
 * process has one stderr, so this is the one thing here that is the process's own. Any thread.
 */
final class Console {
    private static volatile Outlet err;

    private Console() {}

    /** Everything is said there from here on. */
    static void use(Outlet outlet) {
        err = outlet;
    }

    static void say(String message) {
        Outlet into = err;
        if (into == null) {
            return;
        }
        byte[] line = ("sluice-sidecar: " + message + "\n").getBytes(StandardCharsets.UTF_8);
        into.open();
        try {
            try {
                into.put(line);
            } finally {
                into.close();
            }
        } catch (IOException _) {
            // Nobody listens, and there is nowhere else to say it.
        }
    }
}
