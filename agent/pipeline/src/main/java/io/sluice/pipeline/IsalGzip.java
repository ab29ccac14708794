package io.sluice.pipeline;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * Gzip by Intel's ISA-L, {@code igzip} at level 1: a quarter of zlib's processor time at the same
 * size ({@code GzipBenchmark}). Used where {@code libisal.so.2} is installed (Debian's {@code
 * libisal2}, on x86-64 and arm64).
 *
 * <p>The stream's structure and the flags are those of {@code igzip_lib.h}, ISA-L 2.x; its layout
 * is part of the library's binary interface, which {@code .so.2} stands for. It holds pointers, so
 * input and output are native memory: what is written is copied once, and what comes out is handed
 * on where it is.
 */
final class IsalGzip implements Gzip {
    private static final String LIBRARY = "libisal.so.2";
    private static final String INIT_NAME = "isal_deflate_init";
    private static final String RESET_NAME = "isal_deflate_reset";
    private static final String DEFLATE_NAME = "isal_deflate";
    private static final List<String> FUNCTIONS = List.of(INIT_NAME, RESET_NAME, DEFLATE_NAME);

    // struct isal_zstream
    private static final long NEXT_IN = 0;
    private static final long AVAIL_IN = 8;
    private static final long NEXT_OUT = 16;
    private static final long AVAIL_OUT = 24;
    private static final long LEVEL = 40;
    private static final long LEVEL_BUF_SIZE = 44;
    private static final long LEVEL_BUF = 48;
    private static final long END_OF_STREAM = 56;
    private static final long GZIP_FLAG = 60;

    /** {@code sizeof(struct isal_zstream)} is 82,384 in 2.30; the rest is never touched. */
    private static final long STREAM_BYTES = 128 * 1024;

    /** The structure's hash table should begin at a line of the processor's cache. */
    private static final long ALIGNMENT = 64;

    /** {@code ISAL_DEF_LVL1_SMALL}: 16 Ki tokens. A larger one was no faster. */
    private static final int LEVEL_BUF_BYTES = 84 * 1024;

    private static final short IGZIP_GZIP = 1;
    private static final int COMP_OK = 0;
    private static final String NOTHING = "a function of C throws nothing";

    private static final int HEADER_BYTES = 10;
    private static final int TRAILER_BYTES = 8;

    /**
     * What igzip may have taken in and not given out: its window of 64 KiB and the tokens of one
     * block, six bytes each at worst.
     */
    private static final int INSIDE_BYTES = 256 * 1024;

    private static final int INPUT_BYTES = 128 * 1024;
    private static final int INITIAL_BYTES = 512 * 1024;

    /** Larger ones, left by an incompressible batch, are let go. */
    private static final int KEPT_BYTES = 2 * 1024 * 1024;

    /** Less room than this in the output is not worth a call. */
    private static final int LEAST_ROOM_BYTES = 64 * 1024;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment stream = arena.allocate(STREAM_BYTES, ALIGNMENT);
    private final MemorySegment input = arena.allocate(INPUT_BYTES, ALIGNMENT);
    private final MemorySegment levelBuffer = arena.allocate(LEVEL_BUF_BYTES, ALIGNMENT);
    private Output output = new Output(INITIAL_BYTES);
    private int length;

    /** Memory for what comes out; it is replaced as a whole. */
    private static final class Output implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        final MemorySegment memory;

        /** The same memory, for who takes the body. */
        final ByteBuffer buffer;

        final int capacity;

        Output(int capacity) {
            this.capacity = capacity;
            this.memory = arena.allocate(capacity);
            this.buffer = memory.asByteBuffer();
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    /** The library, if there is one. */
    private static final class Library {
        static final Optional<SymbolLookup> SYMBOLS = load();

        /** Restricted: the name is the library's own. */
        @SuppressWarnings("restricted")
        private static Optional<SymbolLookup> load() {
            if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
                return Optional.empty();
            }
            try {
                SymbolLookup symbols = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
                return FUNCTIONS.stream().allMatch(name -> symbols.find(name).isPresent())
                        ? Optional.of(symbols)
                        : Optional.empty();
            } catch (IllegalArgumentException notInstalled) {
                return Optional.empty();
            }
        }
    }

    /** Its functions, as constants: the compiler calls them directly. Only where there is one. */
    private static final class Functions {
        static final MethodHandle INIT = handle(INIT_NAME, FunctionDescriptor.ofVoid(ADDRESS));
        static final MethodHandle RESET = handle(RESET_NAME, FunctionDescriptor.ofVoid(ADDRESS));
        static final MethodHandle DEFLATE =
                handle(DEFLATE_NAME, FunctionDescriptor.of(JAVA_INT, ADDRESS));

        /** Restricted: the signatures are those of {@code igzip_lib.h}. */
        @SuppressWarnings("restricted")
        private static MethodHandle handle(String name, FunctionDescriptor signature) {
            MemorySegment symbol = Library.SYMBOLS.orElseThrow().findOrThrow(name);
            return Linker.nativeLinker().downcallHandle(symbol, signature);
        }
    }

    private IsalGzip() {
        init();
        stream.set(JAVA_INT, LEVEL, 1);
        stream.set(JAVA_INT, LEVEL_BUF_SIZE, LEVEL_BUF_BYTES);
        stream.set(ADDRESS, LEVEL_BUF, levelBuffer);
        stream.set(JAVA_SHORT, GZIP_FLAG, IGZIP_GZIP);
    }

    static boolean isInstalled() {
        return Library.SYMBOLS.isPresent();
    }

    /** Empty where the library is not installed. */
    static Optional<Gzip> open() {
        return isInstalled() ? Optional.of(new IsalGzip()) : Optional.empty();
    }

    @Override
    public String name() {
        return "igzip (ISA-L), level 1";
    }

    @Override
    public void write(byte[] bytes, int from, int to) {
        for (int at = from; at < to; at += INPUT_BYTES) {
            int piece = Math.min(INPUT_BYTES, to - at);
            MemorySegment.copy(bytes, at, input, ValueLayout.JAVA_BYTE, 0, piece);
            deflate(piece, false);
        }
    }

    /** Until all of the input is taken, and at the end until all is given out. */
    private void deflate(int inputBytes, boolean end) {
        stream.set(JAVA_LONG, NEXT_IN, input.address());
        stream.set(JAVA_INT, AVAIL_IN, inputBytes);
        stream.set(JAVA_SHORT, END_OF_STREAM, (short) (end ? 1 : 0));
        int room;
        do {
            if (output.capacity - length < LEAST_ROOM_BYTES) {
                grow();
            }
            room = output.capacity - length;
            stream.set(JAVA_LONG, NEXT_OUT, output.memory.address() + length);
            stream.set(JAVA_INT, AVAIL_OUT, room);
            int result = deflate();
            if (result != COMP_OK) {
                throw new IllegalStateException(
                        "isal_deflate answers "
                                + result
                                + "; set pipeline.gzip to deflater, and report this");
            }
            int left = stream.get(JAVA_INT, AVAIL_OUT);
            length += room - left;
            room = left;
        } while (stream.get(JAVA_INT, AVAIL_IN) > 0 || (end && room == 0));
    }

    private void grow() {
        Output larger = new Output(2 * output.capacity);
        MemorySegment.copy(output.memory, 0, larger.memory, 0, length);
        output.close();
        output = larger;
    }

    @Override
    public long compressedBytesSoFar() {
        return length;
    }

    @Override
    public long compressedAtMost(long furtherBytes) {
        // What cannot be compressed is stored, or costs the lengths of its codes for each block;
        // the share taken here is generous.
        return HEADER_BYTES
                + (long) length
                + INSIDE_BYTES
                + furtherBytes
                + furtherBytes / 16
                + TRAILER_BYTES;
    }

    @Override
    public ByteBuffer finish() {
        deflate(0, true);
        ByteBuffer body = output.buffer.position(0).limit(length);
        reset();
        return body;
    }

    @Override
    public void discard() {
        reset();
        if (output.capacity > KEPT_BYTES) {
            output.close();
            output = new Output(INITIAL_BYTES);
        }
    }

    /** Closed again it stays closed, like the other one. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            output.close();
            arena.close();
        }
    }

    private void init() {
        try {
            Functions.INIT.invokeExact(stream);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }

    /** Ready for the next body. The library has noted in the flag that this one had its header. */
    private void reset() {
        try {
            Functions.RESET.invokeExact(stream);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
        stream.set(JAVA_SHORT, GZIP_FLAG, IGZIP_GZIP);
        length = 0;
    }

    private int deflate() {
        try {
            return (int) Functions.DEFLATE.invokeExact(stream);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }
}
