package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What is measured is what the lines are said to be. */
class LineSourceTest {
    private static final int EVENTS = 20_000;
    private static final Pattern CRI =
            Pattern.compile(
                    "2026-11-24T10:00:00\\.123456789Z (?:stdout|stderr) (?<tag>[FP]) (?<text>.*)");
    private static final Pattern MARKER = Pattern.compile("~7:(\\d+)[!^]");

    private static List<String> lines(Workload workload, int source) {
        LineSource lines =
                new LineSource(
                        workload,
                        source,
                        InstantSource.fixed(Instant.parse("2026-11-24T10:00:00.123456789Z")));
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < EVENTS; i++) {
            lines.next(out);
        }
        return out.toString().lines().toList();
    }

    @Test
    void linesAreAsLongAsTheyAreSaidToBe() {
        assertThat(lines(Workload.JSON, 7))
                .hasSize(EVENTS)
                .allSatisfy(line -> assertThat(line.length() + 1).isBetween(300, 400));
        assertThat(lines(Workload.PLAIN, 7))
                .hasSize(EVENTS)
                .allSatisfy(line -> assertThat(line.length() + 1).isBetween(150, 200));
    }

    @ParameterizedTest
    @EnumSource
    void everyLineHasItsNumberOnceAndNoneIsMissing(Workload workload) {
        String all = String.join("\n", lines(workload, 7));

        List<Long> numbers =
                MARKER.matcher(all)
                        .results()
                        .map(MatchResult::group)
                        .map(marker -> Long.parseLong(marker.replaceAll("~7:|\\D$", "")))
                        .toList();

        assertThat(numbers).isSorted().doesNotHaveDuplicates();
        assertThat(numbers.getFirst()).isZero();
        assertThat(numbers.getLast()).isEqualTo(numbers.size() - 1L);
    }

    @ParameterizedTest
    @EnumSource
    void theSameSourceWritesTheSameAndAnotherSomethingElse(Workload workload) {
        assertThat(lines(workload, 7)).isEqualTo(lines(workload, 7));
        assertThat(lines(workload, 7).getFirst()).isNotEqualTo(lines(workload, 8).getFirst());
    }

    @Test
    void aMixedWorkloadHasJsonTextStackTracesAndSplitLines() {
        Set<String> kinds = new HashSet<>();
        StringBuilder split = new StringBuilder();
        for (String line : lines(Workload.MIXED, 7)) {
            var cri = CRI.matcher(line);
            assertThat(cri.matches()).as(line).isTrue();
            String text = cri.group("text");
            if (cri.group("tag").equals("P")) {
                assertThat(text).hasSize(LineSource.PART_BYTES);
                split.append(text);
                continue;
            }
            if (!split.isEmpty()) {
                assertThat(text).hasSizeLessThanOrEqualTo(LineSource.PART_BYTES);
                String whole = split.append(text).toString();
                assertThat(whole.length()).isBetween(20 * 1024 - 20, 60 * 1024);
                assertThat(whole).containsPattern("~7:(\\d+)!.* .*\\^7:\\1\\^(\"})?$");
                kinds.add(whole.startsWith("{") ? "split JSON" : "split text");
                split.setLength(0);
            } else if (line.contains(" stderr ")) {
                kinds.add(text.startsWith("\tat ") ? "frame" : "trace");
            } else {
                kinds.add(text.startsWith("{") && text.endsWith("}") ? "JSON" : "text");
            }
        }

        assertThat(kinds)
                .containsExactlyInAnyOrder(
                        "JSON", "text", "trace", "frame", "split JSON", "split text");
    }
}
