package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Lines are found in whatever an agent makes of them, wherever a piece of a body ends. */
class MarkerScannerTest {
    private static final String ACTION = "{\"create\":{\"_id\":\"Ab_-9\"}}\n";

    private final List<String> found = new ArrayList<>();
    private final MarkerScanner.Lines lines =
            new MarkerScanner.Lines() {
                @Override
                public void line(int source, long number) {
                    found.add(source + ":" + number);
                }

                @Override
                public void torn(int source, long number) {
                    found.add("torn " + source + ":" + number);
                }
            };

    private List<String> scan(String... pieces) {
        found.clear();
        MarkerScanner scanner = new MarkerScanner(lines);
        for (String piece : pieces) {
            take(scanner, piece);
        }
        return List.copyOf(found);
    }

    private static void take(Pieces pieces, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        try (Arena arena = Arena.ofConfined()) {
            pieces.take(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), bytes.length);
        }
    }

    @Test
    void aLineIsFoundInRawTextInJsonAndInJsonInsideOfJson() {
        assertThat(
                        scan(
                                ACTION + "{\"message\":\"~3:17^ order\"}\n",
                                ACTION + "{\"app\":{\"msg\":\" ~0:0^\"}}\n",
                                ACTION + "{\"log\":\"{\\\"msg\\\":\\\"~49:1234567^\\\"}\"}\n"))
                .containsExactly("3:17", "0:0", "49:1234567");
    }

    @Test
    void aCopyInTheSameDocumentCountsOnceAndOneInAnotherDocumentAgain() {
        assertThat(scan("~1:2^ and ~1:2^\n", "~1:2^\n")).containsExactly("1:2", "1:2");
    }

    @Test
    void aJoinedStackTraceHasSeveralLines() {
        assertThat(scan("~1:2^ failed\\n\\tat x ~1:3^\\n\\tat y ~1:4^\n"))
                .containsExactly("1:2", "1:3", "1:4");
    }

    @Test
    void aSplitLineIsWholeOnlyWithItsEndInTheSameDocument() {
        assertThat(scan("~5:8! words ^5:8^\n")).containsExactly("5:8");
        assertThat(scan("~5:8! words\n", ACTION + "words ^5:8^\n")).containsExactly("torn 5:8");
        assertThat(scan("~5:8! words ^5:9^\n")).containsExactly("torn 5:8");
    }

    @Test
    void whatOnlyLooksLikeAMarkerIsNone() {
        assertThat(scan("~ ~1 ~1: ~1:2 ~:2^ ~1:^ ~a:2^ ^1:2! ~1:2:3^ ~1:99999999999999^\n"))
                .isEmpty();
        assertThat(scan("~1:~1:2^\n", "~~1:3^\n", "~1:2\n~1:4^\n"))
                .containsExactly("1:2", "1:3", "1:4");
    }

    @Test
    void itDoesNotMatterWhereAPieceEnds() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder();
        for (int document = 0; document < 300; document++) {
            text.append(ACTION).append("x".repeat(random.nextInt(40)));
            switch (random.nextInt(3)) {
                case 0 -> Marker.append(text, random.nextInt(60), random.nextInt(1_000_000));
                case 1 -> {
                    Marker.appendSplit(text, 1, document);
                    text.append("y".repeat(random.nextInt(40)));
                    Marker.appendEnd(text, 1, document);
                }
                default -> Marker.appendSplit(text, 2, document);
            }
            text.append("z".repeat(random.nextInt(20))).append('\n');
        }
        List<String> whole = scan(text.toString());
        assertThat(whole).hasSize(300);

        for (int round = 0; round < 200; round++) {
            List<String> pieces = new ArrayList<>();
            for (int at = 0; at < text.length(); ) {
                int to = Math.min(text.length(), at + 1 + random.nextInt(50));
                pieces.add(text.substring(at, to));
                at = to;
            }
            assertThat(scan(pieces.toArray(String[]::new))).as("seed %d", seed).isEqualTo(whole);
        }
    }

    @Test
    void theCounterCountsWhatIsThereAndNothingElse() {
        byte[] all = new byte[256 * 256];
        for (int i = 0; i < all.length; i++) {
            // Every byte beside every other: what one is does not change what the next one counts.
            all[i] = (byte) (i % 2 == 0 ? i / 512 : i / 2);
        }
        LineCounter counter = new LineCounter();
        long newlines = 0;
        long markers = 0;
        for (byte single : all) {
            newlines += single == '\n' ? 1 : 0;
            markers += single == '~' ? 1 : 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, all);
            counter.take(segment, all.length - 3);
            counter.take(segment.asSlice(all.length - 3), 3);
        }

        assertThat(counter.newlines()).isEqualTo(newlines).isGreaterThan(100);
        assertThat(counter.markers()).isEqualTo(markers).isGreaterThan(100);
        counter.clear();
        assertThat(counter.newlines() + counter.markers()).isZero();
    }
}
