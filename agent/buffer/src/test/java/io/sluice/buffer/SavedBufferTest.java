package io.sluice.buffer;

import static io.sluice.buffer.Batches.RECORD_BYTES;
import static io.sluice.buffer.Batches.batch;
import static io.sluice.buffer.Batches.config;
import static io.sluice.buffer.Batches.nothing;
import static io.sluice.buffer.Batches.position;
import static io.sluice.buffer.Batches.progress;
import static io.sluice.buffer.Batches.tombstone;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sluice.pipeline.Batch.Body;
import io.sluice.pipeline.Runs;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

class SavedBufferTest {
    private static final List<String> OUTPUTS = List.of("elasticsearch");
    private static final String WEB = "shop_cart_uid/web";

    @TempDir Path folder;

    /** All that a walk tells. */
    private static final class Found implements SavedBuffer.Finder {
        final List<SavedSegment> segments = new ArrayList<>();
        final List<SavedExcerpt> excerpts = new ArrayList<>();
        final List<BufferDamage> damages = new ArrayList<>();
        final List<SavedDocument> waiting = new ArrayList<>();
        final List<SavedDocument> documents = new ArrayList<>();
        final List<String> damagedBodies = new ArrayList<>();

        @Override
        public void segment(SavedSegment segment) {
            segments.add(segment);
        }

        @Override
        public void excerpt(SavedExcerpt excerpt) throws IOException {
            excerpts.add(excerpt);
            for (SavedBody body : excerpt.bodies()) {
                boolean whole = body.isWhole();
                assertThat(body.read(documents::add)).isEqualTo(whole);
                if (!whole) {
                    damagedBodies.add(excerpt.sequence() + " " + body.sources());
                } else if (!body.isDelivered()) {
                    assertThat(body.read(waiting::add)).isTrue();
                }
            }
        }

        @Override
        public void damage(BufferDamage damage) {
            damages.add(damage);
        }

        List<String> waitingTexts() {
            return waiting.stream()
                    .map(document -> new String(document.document(), UTF_8))
                    .toList();
        }
    }

    private static Found walk(Path directory) throws IOException {
        Found found = new Found();
        new SavedBuffer(directory, OUTPUTS).walk(found);
        return found;
    }

    @Test
    void aDirectoryWithNothingInItHoldsNothing() throws Exception {
        Found found = walk(folder);
        assertThat(found.segments).isEmpty();
        assertThat(found.excerpts).isEmpty();
        assertThat(found.damages).isEmpty();
        assertThat(new SavedBuffer(folder, OUTPUTS).outputs()).isEmpty();
        assertThat(new SavedBuffer(folder, OUTPUTS).isInUse()).isFalse();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatIsAppendedIsFoundWithItsSourcesAndPositionsAlsoBesideItsAgent() throws Exception {
        try (Buffer buffer = Buffer.open(config(folder))) {
            buffer.append(batch(body("a1", "a2"), progress(WEB, 20)));
            buffer.append(batch(body("b1"), progress("/logs/file", 7), progress(WEB, 30)));
            buffer.append(batch(nothing(), tombstone("/logs/file")));
            assertThat(new SavedBuffer(folder, OUTPUTS).isInUse()).isTrue();
            Excerpt first = buffer.outbox(0).next().orElseThrow();
            buffer.outbox(0).acknowledge(first.index(), List.of());
            check(walk(folder), "a1", "a2", "b1");
        }
        assertThat(new SavedBuffer(folder, OUTPUTS).isInUse()).isFalse();
        Found found = walk(folder);
        check(found, "b1");
        assertThat(new SavedBuffer(folder, OUTPUTS).outputs())
                .containsExactly(
                        new SavedBuffer.Output(
                                "elasticsearch", found.excerpts.get(1).sequence(), ""));
    }

    /** The acknowledged index is on the disk some time after it has moved. */
    private static void check(Found found, String... waiting) {
        assertThat(found.damages).isEmpty();
        assertThat(found.excerpts)
                .extracting(SavedExcerpt::kind)
                .containsExactly("snapshot", "batch", "batch", "positions");
        SavedExcerpt second = found.excerpts.get(2);
        assertThat(second.positions())
                .isEqualTo(Map.of("/logs/file", position(7), WEB, position(30)));
        assertThat(second.bodies().getFirst().target()).isEqualTo(Batches.TARGET);
        assertThat(second.bodies().getFirst().output()).isEqualTo("elasticsearch");
        assertThat(second.bodies().getFirst().sources())
                .isEqualTo(Map.of("/logs/file", new Amount(RECORD_BYTES, 1)));
        assertThat(found.excerpts.get(3).forgotten()).containsExactly("/logs/file");
        assertThat(found.documents).hasSize(3);
        assertThat(found.documents.getFirst().source()).isEqualTo(WEB);
        assertThat(new String(found.documents.getFirst().action(), UTF_8))
                .isEqualTo("{\"create\":{\"_id\":\"a1\"}}");
        assertThat(found.waitingTexts()).isSubsetOf("a1", "a2", "b1").endsWith("b1");
        if (waiting.length == 1) {
            assertThat(found.waitingTexts()).containsExactly(waiting);
        }
    }

    @Test
    void documentsThatWereAppendedAgainWaitOnce() throws Exception {
        try (Buffer buffer = Buffer.open(config(folder))) {
            buffer.append(batch(body("stays", "goes"), progress(WEB, 20)));
            buffer.append(batch(body("later"), progress(WEB, 30)));
            Outbox outbox = buffer.outbox(0);
            Excerpt first = outbox.next().orElseThrow();
            outbox.appendAgain(first.index(), new int[] {0}, new int[] {-1}, body("stays"));
            try (Buffer copy = Buffer.open(config(copy("before")))) {
                assertThat(copy.outbox(0).next()).isPresent();
            }
            assertThat(walk(folder.resolve("before")).waitingTexts())
                    .as("its first excerpt is not acknowledged")
                    .containsExactly("stays", "goes", "later");
            outbox.acknowledge(first.index(), List.of());
        }
        assertThat(walk(folder).waitingTexts()).containsExactly("later", "stays");
    }

    @Test
    void lookingChangesNothing() throws Exception {
        fill(60);
        Map<String, String> before = contents(folder);
        Found found = walk(folder);
        assertThat(found.segments.size()).isGreaterThan(2);
        assertThat(found.damages).isEmpty();
        assertThat(contents(folder)).isEqualTo(before);
    }

    @Test
    void aDamagedBodyIsNamedWithWhoseItIs() throws Exception {
        fill(10);
        Found whole = walk(folder);
        SavedExcerpt victim = whole.excerpts.get(6);
        Path segment = whole.segments.getFirst().file();
        flip(segment, find(segment, text(5)) + 40);

        Found found = walk(folder);

        assertThat(found.excerpts).hasSize(whole.excerpts.size());
        assertThat(found.damagedBodies)
                .containsExactly(
                        victim.sequence() + " " + Map.of("s5", new Amount(RECORD_BYTES, 1)));
        assertThat(found.waitingTexts()).hasSize(9).doesNotContain(text(5));
    }

    @Test
    void aDamagedHeaderIsAnExcerptThatIsMissing() throws Exception {
        fill(10);
        Path segment = walk(folder).segments.getFirst().file();
        flip(segment, find(segment, "s5"));

        Found found = walk(folder);

        assertThat(found.waitingTexts()).hasSize(9).doesNotContain(text(5));
        assertThat(found.damages)
                .singleElement()
                .satisfies(
                        damage -> {
                            assertThat(damage.file()).isEqualTo(segment);
                            assertThat(damage.what())
                                    .matches(
                                            "bytes before excerpt 8 are damaged, excerpt 7 is"
                                                    + " missing");
                            assertThat(damage.excerpts()).hasValue(1);
                        });
    }

    @Test
    void aSegmentThatIsGoneIsExcerptsThatAreMissing() throws Exception {
        fill(100);
        Found whole = walk(folder);
        assertThat(whole.segments).hasSizeGreaterThan(3);
        Files.delete(whole.segments.get(1).file());
        Found found = walk(folder);
        long missing = (long) whole.excerpts.size() - found.excerpts.size();
        assertThat(found.damages)
                .singleElement()
                .satisfies(
                        damage -> {
                            assertThat(damage.what()).startsWith("excerpts ").endsWith("missing");
                            assertThat(damage.excerpts()).hasValue(missing);
                        });

        Files.delete(whole.segments.getLast().file());
        assertThat(walk(folder).damages).as("the end, too").hasSize(2);
    }

    @Test
    void filesThatAreNoSegmentsAreSaidToBeNone() throws Exception {
        fill(5);
        Path queue = walk(folder).segments.getFirst().file().getParent();
        Files.write(queue.resolve(Chronicle.fileName(90)), new byte[100_000]);
        assertThat(walk(folder).damages).as("made, and not used when the agent ended").isEmpty();
        Files.writeString(queue.resolve(Chronicle.fileName(91)), "garbage ".repeat(1_000));
        Path quarantine = Files.createDirectory(folder.resolve("quarantine"));
        Files.writeString(quarantine.resolve("seen.cq4"), "x");

        Found found = walk(folder);

        assertThat(found.waitingTexts()).hasSize(5);
        assertThat(found.damages)
                .extracting(damage -> damage.file().getFileName() + ": " + damage.what())
                .containsExactly(
                        Chronicle.fileName(91) + ": no excerpt in it can be read",
                        "seen.cq4: an earlier start could not read it");
        assertThat(found.damages)
                .extracting(BufferDamage::excerpts)
                .containsOnly(OptionalLong.empty());
    }

    @Test
    void withoutTheAcknowledgedIndexEverythingWaitsAndThatIsSaid() throws Exception {
        try (Buffer buffer = Buffer.open(config(folder))) {
            buffer.append(batch(body("delivered"), progress(WEB, 20)));
            buffer.append(batch(body("waits"), progress(WEB, 30)));
            Excerpt first = buffer.outbox(0).next().orElseThrow();
            buffer.outbox(0).acknowledge(first.index(), List.of());
        }
        assertThat(walk(folder).waitingTexts()).containsExactly("waits");
        Path acked = folder.resolve("acked");
        Files.write(acked, new byte[(int) Files.size(acked)]);

        Found found = walk(folder);

        assertThat(found.waitingTexts()).containsExactly("delivered", "waits");
        assertThat(found.damages)
                .singleElement()
                .satisfies(
                        damage -> assertThat(damage.what()).contains("everything is sent again"));
    }

    @Test
    void whateverIsDamagedTheRestIsReadAndNothingWrongIs() throws Exception {
        fill(40);
        Found whole = walk(folder);
        List<String> all = whole.waitingTexts();
        long seed = System.nanoTime();
        for (int i = 0; i < 60; i++) {
            Random random = new Random(seed + i);
            Path copy = copy("case");
            SavedSegment victim = whole.segments.get(random.nextInt(whole.segments.size()));
            Path file = copy.resolve(folder.relativize(victim.file()));
            harm(file, random);

            Found found = walk(copy);

            String as = "seed " + (seed + i);
            assertThat(all).as(as).containsAll(found.waitingTexts());
            assertThat(found.waitingTexts()).as(as).doesNotHaveDuplicates();
            if (found.waitingTexts().size() < all.size()) {
                assertThat(found.damages.size() + found.damagedBodies.size()).as(as).isPositive();
            }
            delete(copy);
        }
    }

    private static void harm(Path file, Random random) throws IOException {
        long size = Files.size(file);
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "rw")) {
            switch (random.nextInt(3)) {
                case 0 -> raf.setLength(random.nextLong(size));
                case 1 -> {
                    byte[] garbage = new byte[random.nextInt(1, 10_000)];
                    random.nextBytes(garbage);
                    raf.seek(random.nextLong(Math.max(1, size - garbage.length)));
                    raf.write(garbage);
                }
                default -> {
                    raf.seek(random.nextLong(size) & -4096L);
                    raf.write(new byte[4096]);
                }
            }
        }
    }

    /** Batches of one document each, of the sources s0, s1, …; about 20 to a segment. */
    private void fill(int batches) throws Exception {
        try (Buffer buffer = Buffer.open(config(folder))) {
            for (int i = 0; i < batches; i++) {
                buffer.append(batch(body(text(i)), progress("s" + i, i)));
            }
        }
    }

    /** Gzip leaves it as it is long. */
    private static String text(int number) {
        byte[] bytes = new byte[10_000];
        new Random(number).nextBytes(bytes);
        return number + ":" + HexFormat.of().formatHex(bytes);
    }

    /** Documents as they are, with themselves as ids; stored, so that they are found in files. */
    private static Body body(String... documents) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int length = 0;
        try (GZIPOutputStream gzip =
                new GZIPOutputStream(bytes) {
                    {
                        def.setLevel(java.util.zip.Deflater.NO_COMPRESSION);
                    }
                }) {
            for (String document : documents) {
                String id = document.substring(0, Math.min(document.length(), 10));
                byte[] lines =
                        ("{\"create\":{\"_id\":\"" + id + "\"}}\n" + document + "\n")
                                .getBytes(UTF_8);
                gzip.write(lines);
                length += lines.length;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Body(
                Batches.TARGET,
                documents.length,
                length,
                ByteBuffer.wrap(bytes.toByteArray()),
                Runs.ofOne(documents.length, RECORD_BYTES * documents.length));
    }

    private static long find(Path file, String text) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        byte[] wanted = text.getBytes(UTF_8);
        for (int at = 0; at <= bytes.length - wanted.length; at++) {
            if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at;
            }
        }
        throw new AssertionError(text + " is not in " + file);
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "rw")) {
            raf.seek(at);
            int b = raf.read();
            raf.seek(at);
            raf.write(b ^ 0x10);
        }
    }

    private Path copy(String name) throws IOException {
        Path to = folder.resolve(name);
        for (Path path : paths(folder)) {
            Path relative = folder.relativize(path);
            if (!relative.startsWith(name)) {
                Path target = to.resolve(relative.toString());
                Files.createDirectories(Files.isDirectory(path) ? target : target.getParent());
                if (!Files.isDirectory(path)) {
                    Files.copy(path, target);
                }
            }
        }
        return to;
    }

    private static void delete(Path directory) throws IOException {
        for (Path path : paths(directory).reversed()) {
            Files.delete(path);
        }
    }

    private static List<Path> paths(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            return paths.sorted().toList();
        }
    }

    private static Map<String, String> contents(Path directory) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        for (Path path : new TreeSet<>(paths(directory))) {
            contents.put(
                    path.toString(),
                    Files.getLastModifiedTime(path)
                            + (Files.isDirectory(path)
                                    ? ""
                                    : " " + Arrays.hashCode(Files.readAllBytes(path))));
        }
        return contents;
    }
}
