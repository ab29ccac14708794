package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.tail.SourceReader.Link;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Copies that are made, and files that are truncated, between one step of the tail and the next:
 * here the steps are taken one by one.
 */
class LateCopyTest extends RealFiles {
    private final Logger logger = Logger.getLogger("io.sluice.tail");
    private final TailStats stats = new TailStats();
    private final Descriptors descriptors = new Descriptors(stats);
    private KubeletLogs web;
    private SourceOrigin origin;
    private Place place;
    private long nowNanos = System.nanoTime();

    @BeforeEach
    void makeAContainer() {
        web = new KubeletLogs(root, "shop", "web-1", "app");
        origin = new SourceOrigin.Container("shop", "web-1", "uid-web-1", "app");
        place = new Place(web.folder, 0, Optional.empty());
    }

    @Test
    void aCopyOfWhatATruncatedFileHeldSinceIsReadBeforeWhatItHoldsNow() throws Exception {
        SourceReader reader = reader();
        web.write("first\n");
        readAll(reader);
        web.copyAndTruncate();
        // Sees the truncation, and the first copy.
        reader.look(nowNanos);
        web.write("in the copy that nobody has seen\n");
        web.copyAndTruncate();
        web.write("now\n");
        readAll(reader);
        assertThat(sink.text(web.key)).isEqualTo("first\nin the copy that nobody has seen\nnow\n");
        assertThat(sink.losses(web.key).get(Loss.Cause.TRUNCATED).bytes()).isZero();
    }

    @Test
    void aCopyOfWhatAnEmptyFileHeldSinceIsReadBeforeWhatItHoldsNow() throws Exception {
        SourceReader reader = reader();
        readAll(reader);
        web.write("in the copy that nobody has seen\n");
        web.copyAndTruncate();
        web.write("now, and longer than what is in the copy\n");
        reader.look(nowNanos);
        readAll(reader);
        assertThat(sink.text(web.key))
                .isEqualTo(
                        """
                        in the copy that nobody has seen
                        now, and longer than what is in the copy
                        """);
    }

    @Test
    void whatWasWrittenToATruncatedFileIsNotReadAgainInItsCompressedCopy() throws Exception {
        SourceReader reader = reader();
        web.write("first\n");
        readAll(reader);
        web.copyAndTruncate();
        web.write("second\n");
        // Another file to whoever still takes it for the first one.
        KubeletLogs.gzip(web.rotate());
        web.write("third\n");
        reader.scan(nowNanos);
        readAll(reader);
        assertThat(sink.text(web.key)).isEqualTo("first\nsecond\nthird\n");
    }

    @Test
    void whatWasWrittenSinceTheFileWasLookedAtIsNotReadAsWhatItHeldBefore() throws Exception {
        SourceReader reader = reader();
        web.write("first, and not short\n");
        reader.scan(nowNanos);
        boolean[] truncated = {false};
        ChunkSink late =
                filler -> {
                    if (!truncated[0]) {
                        truncated[0] = true;
                        copyTruncateAndWrite("second, and longer than the first one\n");
                    }
                    return sink.offer(filler);
                };
        for (int turn = 0; turn < 20; turn++) {
            SourceReader.Turn _ = reader.read(late, ReadGate.OPEN, false, nowNanos);
            nowNanos += Duration.ofMillis(500).toNanos();
            reader.scan(nowNanos);
        }
        assertThat(truncated[0]).isTrue();
        assertThat(sink.text(web.key))
                .isEqualTo("first, and not short\nsecond, and longer than the first one\n");
        assertThat(sink.losses(web.key).get(Loss.Cause.TRUNCATED).bytes()).isZero();
        assertThat(sink.taken(web.key).getLast().generation().fingerprint())
                .isNotEqualTo(sink.taken(web.key).getFirst().generation().fingerprint());
    }

    private void copyTruncateAndWrite(String text) {
        try {
            web.copyAndTruncate();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        web.write(text);
    }

    /** It is taken for a copy of what is read anyway, and then that is not there any more. */
    @Test
    void aCopyIsFoundAgainWhenItsFileIsTruncatedBeforeMoreWasSeenOfIt() throws Exception {
        HeldFiles files = new HeldFiles(descriptors);
        Losses losses = new Losses(stats);
        Complaints complaints = new Complaints(stats, descriptors);
        Contents contents = new Contents(origin);
        FinishedFiles finished = new FinishedFiles(files, contents, losses, complaints);
        Discovery discovery = new Discovery(files, finished, contents, complaints, nowNanos);
        LostContent lost =
                new LostContent(stats, files, finished, contents, discovery, losses, complaints);
        discovery.add(place);
        discovery.look(nowNanos);
        LogFile active = files.oldest().orElseThrow();
        web.write("both here and there\n");
        try {
            web.copyAndKeep();
            discovery.look(nowNanos);
            assertThat(files.all()).containsExactly(active);
            web.truncate();
            web.write("now, and longer than it was\n");
            lost.check(nowNanos);
            LogFile copy = files.oldest().orElseThrow();
            assertThat(copy.name.isActive()).isFalse();
            assertThat(files.all()).containsExactly(copy, active);
            assertThat(losses.bytes()).isZero();
        } finally {
            files.closeAll();
        }
    }

    @Test
    void aCopyThatIsCompressedWhileItIsLookedForIsFoundUnderItsNewName() throws Exception {
        HeldFiles files = new HeldFiles(descriptors);
        Losses losses = new Losses(stats);
        Complaints complaints = new Complaints(stats, descriptors);
        Contents contents = new Contents(origin);
        FinishedFiles finished = new FinishedFiles(files, contents, losses, complaints);
        Discovery discovery = new Discovery(files, finished, contents, complaints, nowNanos);
        LostContent lost =
                new LostContent(stats, files, finished, contents, discovery, losses, complaints);
        discovery.add(place);
        discovery.look(nowNanos);
        LogFile active = files.oldest().orElseThrow();
        web.write("in the copy\n");
        discovery.look(nowNanos);
        lost.check(nowNanos);
        Path rotated = web.copyAndTruncate();
        web.write("now, and longer than what is in the copy\n");
        // Complained of for the first time when the copy is listed and not yet opened.
        Place circle = circleListedAfter(place);
        discovery.add(circle);
        AtomicInteger complained = new AtomicInteger();
        Handler compressing =
                whenSaid(
                        circle.directory() + " cannot be read",
                        () -> {
                            complained.incrementAndGet();
                            KubeletLogs.gzip(rotated);
                        });
        logger.addHandler(compressing);
        try {
            lost.check(nowNanos);
            assertThat(complained).as("complaints").hasValue(1);
            LogFile copy = files.oldest().orElseThrow();
            assertThat(copy.name.compressed()).isTrue();
            assertThat(files.all()).containsExactly(copy, active);
            assertThat(losses.bytes()).isZero();
        } finally {
            logger.removeHandler(compressing);
            files.closeAll();
        }
    }

    /** A folder that cannot be listed; it is tried when the other one has been. */
    private Place circleListedAfter(Place other) throws IOException {
        for (int i = 0; ; i++) {
            Path folder = root.resolve("circle-" + i);
            Place circle = new Place(folder, 0, Optional.empty());
            Set<Place> both = new HashSet<>(List.of(other));
            both.add(circle);
            if (both.iterator().next().equals(other)) {
                Files.createSymbolicLink(folder, folder);
                return circle;
            }
        }
    }

    private interface Step {
        void take() throws IOException;
    }

    private static Handler whenSaid(String beginning, Step step) {
        return new Handler() {
            @Override
            public void publish(LogRecord logged) {
                if (logged.getMessage().startsWith(beginning)) {
                    try {
                        step.take();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }

    private SourceReader reader() {
        SourceReader reader =
                new SourceReader(
                        new LogSource(web.key, origin),
                        config(false),
                        stats,
                        descriptors,
                        Optional.empty(),
                        true,
                        nowNanos);
        reader.add(place, Optional.of(new Link(web.activeFile(), "c0ffee")), 0);
        reader.scan(nowNanos);
        return reader;
    }

    /** Takes the tail's steps until there is nothing more to do; time goes on. */
    private void readAll(SourceReader reader) {
        for (int turn = 0; turn < 20; turn++) {
            SourceReader.Turn _ = reader.read(sink, ReadGate.OPEN, false, nowNanos);
            nowNanos += Duration.ofMillis(500).toNanos();
            reader.scan(nowNanos);
        }
    }
}
