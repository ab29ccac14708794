package io.sluice.app;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What {@link ProcessHandle} cannot send, by {@code kill(2)}: at once, without another process. */
enum Signal {
    STOP(19),
    CONTINUE(18);

    private static final MethodHandle KILL = kill();

    /** On Linux, x86-64 and arm64. */
    private final int number;

    Signal(int number) {
        this.number = number;
    }

    /** Restricted: a libc function with the signature of POSIX. */
    @SuppressWarnings("restricted")
    private static MethodHandle kill() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("kill"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    void send(long pid) {
        int error;
        try {
            error = (int) KILL.invokeExact(Math.toIntExact(pid), number);
        } catch (Throwable e) {
            throw new AssertionError("a down-call throws nothing of its own", e);
        }
        if (error != 0) {
            throw new IllegalStateException("no signal " + this + " to " + pid);
        }
    }
}
