package io.sluice.app;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Sees from outside whether an agent is inside an append: Chronicle marks a document as unfinished
 * before its bytes are stored, and as finished after (the row of documents is described in the
 * buffer's {@code SegmentReader}).
 */
final class UnfinishedAppend implements AutoCloseable {
    private static final int NOT_COMPLETE = 0x80000000;
    private static final int META_DATA = 0x40000000;
    private static final int LENGTH_MASK = 0x3FFFFFFF;
    private static final int LOOKS_BEFORE_NEWER = 256;

    private final Path queue;
    private final ByteBuffer word = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    private Optional<Path> file = Optional.empty();
    private FileChannel channel;
    private long position;
    private int looks;

    /** Watches the buffer of a state directory. One thread at a time. */
    UnfinishedAppend(Path state) {
        this.queue = state.resolve("queue");
    }

    /**
     * Looks once, in microseconds.
     *
     * @return whether the last document of the newest segment is unfinished now
     */
    boolean sees() throws IOException {
        if (looks++ % LOOKS_BEFORE_NEWER == 0) {
            openNewest();
        }
        if (channel == null) {
            return false;
        }
        while (true) {
            int now = wordAt(position);
            if (now == 0) {
                return false;
            }
            if ((now & NOT_COMPLETE) != 0) {
                return (now & META_DATA) == 0;
            }
            position = (position + 4 + (now & LENGTH_MASK) + 3) & -4L;
        }
    }

    /** As {@link #sees}, surely in the newest segment. */
    boolean seesNow() throws IOException {
        looks = 0;
        return sees();
    }

    private int wordAt(long at) throws IOException {
        word.clear();
        while (word.hasRemaining()) {
            if (channel.read(word, at + word.position()) < 0) {
                return 0;
            }
        }
        return word.getInt(0);
    }

    private void openNewest() throws IOException {
        Optional<Path> newest;
        try (Stream<Path> files = Files.list(queue)) {
            newest =
                    files.filter(path -> path.toString().endsWith(".cq4"))
                            .max(Comparator.naturalOrder());
        } catch (NoSuchFileException _) {
            return;
        }
        if (newest.isPresent() && !newest.equals(file)) {
            close();
            channel = FileChannel.open(newest.get(), StandardOpenOption.READ);
            file = newest;
            position = 0;
        }
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }
}
