package io.sluice.benchmarks;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * CPU time of another process in nanoseconds, clock_getcpuclockid(3): {@code /proc/<pid>/stat} only
 * knows hundredths of a second, and an idle agent uses few of those in a minute.
 */
final class ProcessClock {
    private static final long TIMESPEC_BYTES = 16;
    private static final String NOTHING = "a function of C throws nothing";

    private static final MethodHandle CLOCK_OF =
            handle("clock_getcpuclockid", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle TIME_OF =
            handle("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

    private ProcessClock() {}

    /** Restricted: the signatures are those of time.h. */
    @SuppressWarnings("restricted")
    private static MethodHandle handle(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
    }

    /** Of all its threads, ended ones included; NaN for a process that has ended. */
    static double cpuSeconds(long pid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment clock = arena.allocate(JAVA_INT);
            MemorySegment time = arena.allocate(TIMESPEC_BYTES, 8);
            if ((int) CLOCK_OF.invokeExact((int) pid, clock) != 0
                    || (int) TIME_OF.invokeExact(clock.get(JAVA_INT, 0), time) != 0) {
                return Double.NaN;
            }
            return time.get(JAVA_LONG, 0) + time.get(JAVA_LONG, 8) / 1e9;
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }
}
