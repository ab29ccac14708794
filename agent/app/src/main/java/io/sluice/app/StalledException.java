package io.sluice.app;

/** The agent ends because a stage hangs; an orderly end would wait for what hangs. */
final class StalledException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StalledException(Watchdog.Stall stall) {
        super(stall.toString());
    }
}
