package io.sluice.benchmarks;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * By Intel's ISA-L ({@code libisal.so.2}, {@code igzip_lib.h}): several times as fast as zlib, and
 * what the endpoint spends most of its time with.
 *
 * <p>Header and trailer are read here, so that only the first fields of {@code struct
 * inflate_state} are touched, which no release has moved; a reset state expects bare deflate.
 */
final class IsalGunzip implements Gunzip {
    private static final long NEXT_OUT = 0;
    private static final long AVAIL_OUT = 8;
    private static final long NEXT_IN = 16;
    private static final long AVAIL_IN = 32;

    /** {@code sizeof(struct inflate_state)} is 87,368 in 2.30; the rest is never touched. */
    private static final long STATE_BYTES = 128 * 1024;

    private static final String NOTHING = "a function of C throws nothing";

    private final Arena arena = Arena.ofShared();
    private final MemorySegment state = arena.allocate(STATE_BYTES, 64);
    private final MemorySegment output = arena.allocate(PIECE_BYTES, 64);

    /** The library, if there is one. */
    private static final class Library {
        static final Optional<SymbolLookup> SYMBOLS = load();

        /** Restricted: the name is the library's own. */
        @SuppressWarnings("restricted")
        private static Optional<SymbolLookup> load() {
            try {
                return Optional.of(SymbolLookup.libraryLookup("libisal.so.2", Arena.global()));
            } catch (IllegalArgumentException notInstalled) {
                return Optional.empty();
            }
        }
    }

    /** Its functions, as constants: the compiler calls them directly. Only where there is one. */
    private static final class Functions {
        static final MethodHandle INIT =
                handle("isal_inflate_init", FunctionDescriptor.ofVoid(ADDRESS));
        static final MethodHandle RESET =
                handle("isal_inflate_reset", FunctionDescriptor.ofVoid(ADDRESS));
        static final MethodHandle INFLATE =
                handle("isal_inflate", FunctionDescriptor.of(JAVA_INT, ADDRESS));

        /** Restricted: the signatures are those of {@code igzip_lib.h}. */
        @SuppressWarnings("restricted")
        private static MethodHandle handle(String name, FunctionDescriptor signature) {
            MemorySegment symbol = Library.SYMBOLS.orElseThrow().findOrThrow(name);
            return Linker.nativeLinker().downcallHandle(symbol, signature);
        }
    }

    IsalGunzip() {
        try {
            Functions.INIT.invokeExact(state);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }

    static boolean isInstalled() {
        return Library.SYMBOLS.isPresent();
    }

    @Override
    public String name() {
        return "igzip (ISA-L)";
    }

    @Override
    public long read(MemorySegment body, long length, Pieces pieces) throws IOException {
        GzipMember member = GzipMember.of(body, length);
        reset();
        state.set(JAVA_LONG, NEXT_IN, body.address() + member.from());
        state.set(JAVA_INT, AVAIL_IN, Math.toIntExact(member.to() - member.from()));
        long total = 0;
        int produced;
        do {
            state.set(JAVA_LONG, NEXT_OUT, output.address());
            state.set(JAVA_INT, AVAIL_OUT, PIECE_BYTES);
            int result = inflate();
            if (result < 0) {
                throw new IOException("a gzip body is damaged: isal_inflate answers " + result);
            }
            produced = PIECE_BYTES - state.get(JAVA_INT, AVAIL_OUT);
            pieces.take(output, produced);
            total += produced;
        } while (produced > 0);
        member.check(total);
        return total;
    }

    private void reset() {
        try {
            Functions.RESET.invokeExact(state);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }

    private int inflate() {
        try {
            return (int) Functions.INFLATE.invokeExact(state);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
