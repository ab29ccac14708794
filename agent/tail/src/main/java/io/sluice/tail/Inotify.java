package io.sluice.tail;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The kernel's file notification, one instance, through {@code java.lang.foreign}. See inotify(7).
 *
 * <p>Events are lost when the queue overflows, and watches run out.
 */
final class Inotify implements Notices {
    static final int IN_MODIFY = 0x2;
    static final int IN_MOVED_FROM = 0x40;
    static final int IN_MOVED_TO = 0x80;
    static final int IN_CREATE = 0x100;
    static final int IN_DELETE = 0x200;
    static final int IN_DELETE_SELF = 0x400;
    static final int IN_MOVE_SELF = 0x800;
    static final int IN_Q_OVERFLOW = 0x4000;
    static final int IN_IGNORED = 0x8000;
    static final int IN_ONLYDIR = 0x1000000;

    private static final int CLOEXEC_NONBLOCK = 0x80000 | 0x800;
    private static final int ENOMEM = 12;
    private static final int ENFILE = 23;
    private static final int EMFILE = 24;
    private static final int ENOSPC = 28;
    private static final short POLLIN = 1;
    private static final int EVENT_HEADER_BYTES = 16;
    private static final int EVENT_BUFFER_BYTES = 64 * 1024;

    private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_VALUE =
            ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    /** The calls of libc that are needed here. Linked once. */
    private static final class Libc {
        private static final Linker LINKER = Linker.nativeLinker();
        private static final SymbolLookup SYMBOLS = LINKER.defaultLookup();

        static final MethodHandle INOTIFY_INIT1 = call("inotify_init1", ValueLayout.JAVA_INT);
        static final MethodHandle INOTIFY_ADD_WATCH =
                call(
                        "inotify_add_watch",
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT);
        static final MethodHandle INOTIFY_RM_WATCH =
                call("inotify_rm_watch", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        static final MethodHandle EVENTFD =
                call("eventfd", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        static final MethodHandle POLL =
                call("poll", ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
        static final MethodHandle READ =
                call("read", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        static final MethodHandle WRITE =
                call("write", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        static final MethodHandle CLOSE = call("close", ValueLayout.JAVA_INT);

        private Libc() {}

        @SuppressWarnings("restricted") // native access is what this class is for
        private static MethodHandle call(String name, MemoryLayout... arguments) {
            // read and write return ssize_t: no call here asks for more than an int can hold.
            return LINKER.downcallHandle(
                    SYMBOLS.findOrThrow(name),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments),
                    Linker.Option.captureCallState("errno"));
        }
    }

    private final Arena arena = Arena.ofShared();
    private final MemorySegment errno = arena.allocate(ERRNO);
    private final MemorySegment events = arena.allocate(EVENT_BUFFER_BYTES, 8);

    /** Two {@code struct pollfd}: the notifications and the wake-up. */
    private final MemorySegment polled = arena.allocate(16, 4);

    private final MemorySegment one = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment wakeCount = arena.allocate(ValueLayout.JAVA_LONG);

    /** Below 0 when the kernel gave none. */
    private int descriptor = -1;

    private final int wakeDescriptor;
    private String unavailable = "";

    Inotify() {
        try {
            wakeDescriptor = (int) Libc.EVENTFD.invokeExact(errno, 0, CLOEXEC_NONBLOCK);
        } catch (Throwable e) {
            throw linkage(e);
        }
        if (wakeDescriptor < 0) {
            throw new IllegalStateException("eventfd failed: " + explain(lastErrno()));
        }
        one.set(ValueLayout.JAVA_LONG, 0, 1);
        polled.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
        polled.set(ValueLayout.JAVA_INT, 8, wakeDescriptor);
        polled.set(ValueLayout.JAVA_SHORT, 12, POLLIN);
        open();
    }

    /** {@inheritDoc} An instance. */
    @Override
    public boolean open() {
        try {
            descriptor = (int) Libc.INOTIFY_INIT1.invokeExact(errno, CLOEXEC_NONBLOCK);
        } catch (Throwable e) {
            throw linkage(e);
        }
        unavailable = descriptor < 0 ? explain(lastErrno()) : "";
        // poll(2) passes over a descriptor below 0.
        polled.set(ValueLayout.JAVA_INT, 0, descriptor);
        return isAvailable();
    }

    @Override
    public boolean isAvailable() {
        return descriptor >= 0;
    }

    @Override
    public String unavailable() {
        return unavailable;
    }

    @Override
    public Watch add(Path directory, int mask) {
        if (descriptor < 0) {
            return new Watch.Exhausted(unavailable);
        }
        try (Arena local = Arena.ofConfined()) {
            MemorySegment path = local.allocateFrom(directory.toString(), StandardCharsets.UTF_8);
            int watch =
                    (int)
                            Libc.INOTIFY_ADD_WATCH.invokeExact(
                                    errno, descriptor, path, mask | IN_ONLYDIR);
            if (watch >= 0) {
                return new Watch.Added(watch);
            }
        } catch (Throwable e) {
            throw linkage(e);
        }
        int error = lastErrno();
        return error == ENOSPC || error == ENOMEM
                ? new Watch.Exhausted(explain(error))
                : new Watch.Refused(explain(error));
    }

    @Override
    public void remove(int watch) {
        try {
            // The result is no news: a deleted directory has taken its watch with it.
            int _ = (int) Libc.INOTIFY_RM_WATCH.invokeExact(errno, descriptor, watch);
        } catch (Throwable e) {
            throw linkage(e);
        }
    }

    @Override
    public void poll(int timeoutMillis, Events into) {
        try {
            int ready = (int) Libc.POLL.invokeExact(errno, polled, 2L, timeoutMillis);
            if (ready <= 0) {
                return;
            }
            if ((polled.get(ValueLayout.JAVA_SHORT, 14) & POLLIN) != 0) {
                int _ = (int) Libc.READ.invokeExact(errno, wakeDescriptor, wakeCount, 8L);
            }
            if ((polled.get(ValueLayout.JAVA_SHORT, 6) & POLLIN) != 0) {
                drain(into);
            }
        } catch (Throwable e) {
            throw linkage(e);
        }
    }

    private void drain(Events into) throws Throwable {
        while (true) {
            int length =
                    (int)
                            Libc.READ.invokeExact(
                                    errno, descriptor, events, (long) EVENT_BUFFER_BYTES);
            if (length <= 0) {
                return;
            }
            int at = 0;
            while (at < length) {
                int watch = events.get(ValueLayout.JAVA_INT, at);
                int mask = events.get(ValueLayout.JAVA_INT, at + 4L);
                int nameBytes = events.get(ValueLayout.JAVA_INT, at + 12L);
                into.event(watch, mask);
                at += EVENT_HEADER_BYTES + nameBytes;
            }
        }
    }

    @Override
    public void wake() {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment state = local.allocate(ERRNO);
            int _ = (int) Libc.WRITE.invokeExact(state, wakeDescriptor, one, 8L);
        } catch (Throwable e) {
            throw linkage(e);
        }
    }

    @Override
    public void close() {
        try {
            if (descriptor >= 0) {
                int _ = (int) Libc.CLOSE.invokeExact(errno, descriptor);
            }
            int _ = (int) Libc.CLOSE.invokeExact(errno, wakeDescriptor);
        } catch (Throwable e) {
            throw linkage(e);
        }
        arena.close();
    }

    private int lastErrno() {
        return (int) ERRNO_VALUE.get(errno, 0L);
    }

    private static String explain(int error) {
        return switch (error) {
            case EMFILE ->
                    "no inotify instance is left (EMFILE); raise fs.inotify.max_user_instances, or"
                            + " the agent's limit of open files (nofile, LimitNOFILE)";
            case ENFILE -> "no inotify instance is left (ENFILE); raise fs.file-max";
            case ENOSPC ->
                    "no inotify watches are left (ENOSPC); raise fs.inotify.max_user_watches";
            case ENOMEM -> "the kernel has no memory for another inotify watch (ENOMEM)";
            case 2 -> "no such directory (ENOENT)";
            case 13 -> "permission denied (EACCES)";
            case 20 -> "not a directory (ENOTDIR)";
            default -> "errno " + error;
        };
    }

    private static RuntimeException linkage(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
