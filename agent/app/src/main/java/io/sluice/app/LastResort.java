package io.sluice.app;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Ends the process when its orderly end takes too long: something that has failed may also hang.
 * Nothing is lost by it, no more than by any kill.
 */
final class LastResort {
    private static final System.Logger LOG = System.getLogger("io.sluice.app");

    private LastResort() {}

    /** From now on the process has so long to end by itself. */
    static void in(Duration patience, int exitCode) {
        Thread.ofPlatform()
                .daemon()
                .name("last-resort")
                .start(
                        () -> {
                            try {
                                TimeUnit.NANOSECONDS.sleep(patience.toNanos());
                            } catch (InterruptedException _) {
                                return;
                            }
                            LOG.log(
                                    System.Logger.Level.ERROR,
                                    ThreadDump.of("the agent does not end within " + patience));
                            Runtime.getRuntime().halt(exitCode);
                        });
    }
}
