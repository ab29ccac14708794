package io.sluice.testing;

import org.awaitility.Awaitility;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

import java.time.Duration;

/**
 * For how long a test waits that does not say for how long: a minute, where Awaitility's own
 * default is ten seconds. A machine that builds stands still for seconds now and then, and who
 * waits for longer than needed loses nothing but time.
 *
 * <p>JUnit finds it by its service file, in every room that has this one in its tests' class path.
 */
public final class Patience implements LauncherSessionListener {
    private static final Duration USUAL = Duration.ofMinutes(1);

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        Awaitility.setDefaultTimeout(USUAL);
    }
}
