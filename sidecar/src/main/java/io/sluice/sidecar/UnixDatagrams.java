package io.sluice.sidecar;

import java.io.IOException;
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
 * A unix datagram socket, which the JDK does not have, through {@code java.lang.foreign}. See
 * unix(7), recv(2), poll(2). One thread, but for {@link #isAnswered}.
 */
final class UnixDatagrams implements AutoCloseable {
    /** More than net.core.wmem_max usually lets anybody send. */
    static final int MAX_BYTES = 256 * 1024;

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_TRUNC = 0x20;
    private static final int SUN_PATH = 2;
    private static final int SOCKADDR_BYTES = 110;
    private static final short POLLIN = 1;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int EPROTOTYPE = 91;
    private static final int ECONNREFUSED = 111;

    private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_VALUE =
            ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    /** The calls of libc that are needed here. Linked once. */
    private static final class Libc {
        private static final Linker LINKER = Linker.nativeLinker();
        private static final SymbolLookup SYMBOLS = LINKER.defaultLookup();
        private static final ValueLayout INT = ValueLayout.JAVA_INT;
        private static final ValueLayout LONG = ValueLayout.JAVA_LONG;
        private static final ValueLayout POINTER = ValueLayout.ADDRESS;

        static final MethodHandle SOCKET = call("socket", INT, INT, INT, INT);
        static final MethodHandle BIND = call("bind", INT, INT, POINTER, INT);
        static final MethodHandle CONNECT = call("connect", INT, INT, POINTER, INT);
        static final MethodHandle POLL = call("poll", INT, POINTER, LONG, INT);
        static final MethodHandle RECV = call("recv", LONG, INT, POINTER, LONG, INT);
        static final MethodHandle CLOSE = call("close", INT, INT);

        private Libc() {}

        @SuppressWarnings("restricted") // native access is what this class is for
        private static MethodHandle call(
                String name, MemoryLayout result, MemoryLayout... arguments) {
            return LINKER.downcallHandle(
                    SYMBOLS.findOrThrow(name),
                    FunctionDescriptor.of(result, arguments),
                    Linker.Option.captureCallState("errno"));
        }
    }

    private final Arena arena = Arena.ofShared();
    private final MemorySegment errno = arena.allocate(ERRNO);
    private final MemorySegment polled = arena.allocate(8, 4);
    private final MemorySegment received = arena.allocate(MAX_BYTES);
    private final int descriptor;

    /**
     * Makes the path and listens there.
     *
     * @throws IOException if it is there already, or its folder is not
     */
    UnixDatagrams(Path path) throws IOException {
        descriptor = socket(errno);
        try (Arena local = Arena.ofConfined()) {
            int done =
                    (int)
                            Libc.BIND.invokeExact(
                                    errno, descriptor, address(path, local), SOCKADDR_BYTES);
            if (done < 0) {
                int error = errno(errno);
                close();
                throw new IOException(explain(error));
            }
        } catch (Throwable e) {
            throw rethrown(e);
        }
        polled.set(ValueLayout.JAVA_INT, 0, descriptor);
        polled.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
    }

    private static int socket(MemorySegment errno) throws IOException {
        try {
            int made = (int) Libc.SOCKET.invokeExact(errno, AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
            if (made < 0) {
                throw new IOException(explain(errno(errno)));
            }
            return made;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private static MemorySegment address(Path path, Arena arena) {
        MemorySegment address = arena.allocate(SOCKADDR_BYTES, 2);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        address.setString(SUN_PATH, path.toString(), StandardCharsets.UTF_8);
        return address;
    }

    /** Whether a socket at this path has somebody who listens. */
    static boolean isAnswered(Path path) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment errno = local.allocate(ERRNO);
            int asking = socket(errno);
            int done =
                    (int)
                            Libc.CONNECT.invokeExact(
                                    errno, asking, address(path, local), SOCKADDR_BYTES);
            int error = errno(errno);
            int _ = (int) Libc.CLOSE.invokeExact(errno, asking);
            if (done >= 0 || error == EPROTOTYPE) {
                // EPROTOTYPE: somebody, but with a stream socket.
                return true;
            }
            if (error == ECONNREFUSED) {
                return false;
            }
            throw new IOException(explain(error));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** Waits for a datagram, at most so long. */
    void await(int millis) throws IOException {
        try {
            int ready = (int) Libc.POLL.invokeExact(errno, polled, 1L, millis);
            if (ready < 0 && errno(errno) != EINTR) {
                throw new IOException(explain(errno(errno)));
            }
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /**
     * Takes the next datagram.
     *
     * @return its length, or -1 if there is none
     */
    int receive(byte[] into) throws IOException {
        try {
            long length =
                    (long)
                            Libc.RECV.invokeExact(
                                    errno,
                                    descriptor,
                                    received,
                                    (long) into.length,
                                    MSG_DONTWAIT | MSG_TRUNC);
            if (length < 0) {
                int error = errno(errno);
                if (error == EAGAIN || error == EINTR) {
                    return -1;
                }
                throw new IOException(explain(error));
            }
            int taken = (int) Math.min(length, into.length);
            MemorySegment.copy(received, ValueLayout.JAVA_BYTE, 0, into, 0, taken);
            return taken;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    @Override
    public void close() {
        try {
            int _ = (int) Libc.CLOSE.invokeExact(errno, descriptor);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }

    private static int errno(MemorySegment state) {
        return (int) ERRNO_VALUE.get(state, 0L);
    }

    private static String explain(int error) {
        return switch (error) {
            case 1, 13 -> "permission denied";
            case 2 -> "its folder does not exist";
            case 20 -> "its folder is no directory";
            case 24 -> "too many open files";
            case 30 -> "read-only file system";
            case 98 -> "it is there already";
            default -> "errno " + error;
        };
    }

    private static IOException rethrown(Throwable e) {
        return switch (e) {
            case IOException io -> io;
            case RuntimeException runtime -> throw runtime;
            case Error error -> throw error;
            default -> new IOException(e);
        };
    }
}
