package io.sluice.sidecar;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * systemd's journal through libsystemd.so.0; see sd-journal(3). Every function answers with a
 * negative errno if it fails. One thread at a time; it lasts as long as the process.
 */
final class Journal {
    private static final String LIBRARY = "libsystemd.so.0";

    private static final int LOCAL_ONLY = 1;
    private static final int ENOENT = 2;

    private final Functions functions;
    private final Arena arena = Arena.global();
    private final MemorySegment journal;

    /** Where functions put a pointer, and a length behind it. */
    private final MemorySegment data;

    private final MemorySegment lengthOfData;

    /** The functions of the library. */
    private static final class Functions {
        private static final ValueLayout INT = ValueLayout.JAVA_INT;
        private static final ValueLayout LONG = ValueLayout.JAVA_LONG;
        private static final ValueLayout POINTER = ValueLayout.ADDRESS;

        private final SymbolLookup library;
        final MethodHandle open;
        final MethodHandle openDirectory;
        final MethodHandle addMatch;
        final MethodHandle setDataThreshold;
        final MethodHandle seekHead;
        final MethodHandle seekCursor;
        final MethodHandle testCursor;
        final MethodHandle next;
        final MethodHandle wait;
        final MethodHandle getData;
        final MethodHandle getCursor;
        final MethodHandle free;

        @SuppressWarnings("restricted") // native access is what this class is for
        Functions(Arena arena) {
            library = SymbolLookup.libraryLookup(LIBRARY, arena);
            open = call("sd_journal_open", INT, POINTER, INT);
            openDirectory = call("sd_journal_open_directory", INT, POINTER, POINTER, INT);
            addMatch = call("sd_journal_add_match", INT, POINTER, POINTER, LONG);
            setDataThreshold = call("sd_journal_set_data_threshold", INT, POINTER, LONG);
            seekHead = call("sd_journal_seek_head", INT, POINTER);
            seekCursor = call("sd_journal_seek_cursor", INT, POINTER, POINTER);
            testCursor = call("sd_journal_test_cursor", INT, POINTER, POINTER);
            next = call("sd_journal_next", INT, POINTER);
            wait = call("sd_journal_wait", INT, POINTER, LONG);
            getData = call("sd_journal_get_data", INT, POINTER, POINTER, POINTER, POINTER);
            getCursor = call("sd_journal_get_cursor", INT, POINTER, POINTER);
            free =
                    Linker.nativeLinker()
                            .downcallHandle(
                                    Linker.nativeLinker().defaultLookup().findOrThrow("free"),
                                    FunctionDescriptor.ofVoid(POINTER));
        }

        @SuppressWarnings("restricted") // as above
        private MethodHandle call(String name, MemoryLayout result, MemoryLayout... arguments) {
            return Linker.nativeLinker()
                    .downcallHandle(
                            library.findOrThrow(name), FunctionDescriptor.of(result, arguments));
        }
    }

    /**
     * @param folder of journal files; empty for the journal that is running here
     * @throws Source.UnusableException if there is no such library, or no such journal
     */
    Journal(Optional<Path> folder) throws Source.UnusableException {
        try {
            functions = new Functions(arena);
        } catch (IllegalArgumentException e) {
            throw new Source.UnusableException(
                    "the journal cannot be read: "
                            + LIBRARY
                            + " is not here; install it, Debian's package is libsystemd0, or use an"
                            + " image that has it",
                    e);
        }
        data = arena.allocate(ValueLayout.ADDRESS);
        lengthOfData = arena.allocate(ValueLayout.JAVA_LONG);
        try {
            journal = open(folder);
        } catch (IOException e) {
            throw new Source.UnusableException(
                    "the journal"
                            + folder.map(path -> " in " + path).orElse("")
                            + " cannot be opened ("
                            + e.getMessage()
                            + "); mount the node's /run/log/journal, /var/log/journal and"
                            + " /etc/machine-id, or name the folder with --journal-directory",
                    e);
        }
    }

    private MemorySegment open(Optional<Path> folder) throws IOException {
        try {
            int done;
            if (folder.isPresent()) {
                MemorySegment path = arena.allocateFrom(folder.get().toString());
                done = (int) functions.openDirectory.invokeExact(data, path, 0);
            } else {
                done = (int) functions.open.invokeExact(data, LOCAL_ONLY);
            }
            check(done);
            MemorySegment opened = data.get(ValueLayout.ADDRESS, 0);
            // Data is cut at 64 KiB otherwise.
            check((int) functions.setDataThreshold.invokeExact(opened, 0L));
            return opened;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** Only entries with this field; see sd_journal_add_match(3). */
    void match(String fieldAndValue) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            byte[] bytes = fieldAndValue.getBytes(StandardCharsets.UTF_8);
            MemorySegment text = local.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            check((int) functions.addMatch.invokeExact(journal, text, (long) bytes.length));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    void seekHead() throws IOException {
        try {
            check((int) functions.seekHead.invokeExact(journal));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** The next {@link #next} leads to the entry of this cursor, or to the nearest one. */
    void seek(String cursor) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            check((int) functions.seekCursor.invokeExact(journal, local.allocateFrom(cursor)));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** Whether this entry is the one of a cursor. */
    boolean isAt(String cursor) throws IOException {
        try (Arena local = Arena.ofConfined()) {
            return check(
                            (int)
                                    functions.testCursor.invokeExact(
                                            journal, local.allocateFrom(cursor)))
                    > 0;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /**
     * Goes to the next entry.
     *
     * @return false where there is none yet
     */
    boolean next() throws IOException {
        try {
            return check((int) functions.next.invokeExact(journal)) > 0;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** Waits until something has changed, at most so long. */
    void await(long micros) throws IOException {
        try {
            check((int) functions.wait.invokeExact(journal, micros));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** The value of a field of this entry; empty if it has none. */
    Optional<byte[]> field(MemorySegment name, int nameBytes) throws IOException {
        try {
            int done = (int) functions.getData.invokeExact(journal, name, data, lengthOfData);
            if (done == -ENOENT) {
                return Optional.empty();
            }
            check(done);
            // "NAME=value"
            long length = lengthOfData.get(ValueLayout.JAVA_LONG, 0);
            return Optional.of(
                    pointed(length).asSlice(nameBytes + 1L).toArray(ValueLayout.JAVA_BYTE));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    @SuppressWarnings("restricted") // the library says how long it is
    private MemorySegment pointed(long length) {
        return data.get(ValueLayout.ADDRESS, 0).reinterpret(length);
    }

    /** A field's name as {@link #field} takes it. */
    MemorySegment name(String field) {
        return arena.allocateFrom(field);
    }

    /** What stands for this entry. */
    String cursor() throws IOException {
        try {
            check((int) functions.getCursor.invokeExact(journal, data));
            String cursor = pointed(Integer.MAX_VALUE).getString(0);
            functions.free.invokeExact(data.get(ValueLayout.ADDRESS, 0));
            return cursor;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private static int check(int done) throws IOException {
        if (done < 0) {
            throw new IOException(
                    switch (-done) {
                        case ENOENT -> "there is none";
                        case 1, 13 -> "permission denied";
                        case 22 -> "not understood (EINVAL)";
                        case 20 -> "no directory";
                        default -> "errno " + -done;
                    });
        }
        return done;
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
