package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.benchmarks.MemorySplit.Part;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;

/** What is read of a process is what it uses; this one, which has used something. */
class ProcessFiguresTest {
    private final long self = ProcessHandle.current().pid();

    @Test
    void cpuGrowsWithWorkAndMemoryIsTheRightOrder() throws IOException {
        ProcessUsage before = ProcessUsage.of(self).orElseThrow();

        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .until(() -> ProcessClock.cpuSeconds(self) > before.cpuSeconds() + 0.02);

        ProcessUsage after = ProcessUsage.of(self).orElseThrow();
        assertThat(after.userSeconds() + after.systemSeconds())
                .isBetween(after.cpuSeconds() * 0.8 - 0.1, after.cpuSeconds() + 0.1);
        assertThat(after.residentBytes()).isBetween(10_000_000L, after.peakBytes());
        assertThat(after.anonymousBytes()).isBetween(1_000_000L, after.residentBytes());
        assertThat(ProcessUsage.waits(self)).isPositive();
    }

    @Test
    void aProcessThatHasEndedHasNothing() throws Exception {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();

        assertThat(ProcessUsage.of(process.pid())).isEmpty();
        assertThat(ProcessClock.cpuSeconds(process.pid())).isNaN();
    }

    @Test
    void aJvmTellsItsHeap() throws IOException {
        assertThat(Jcmd.heap(self))
                .hasValueSatisfying(
                        heap ->
                                assertThat(heap.usedBytes())
                                        .isBetween(1_000_000L, heap.committedBytes()));
    }

    @Test
    void mappingsAreOfTheJvmsPartsOrOfFiles() {
        MemorySplit split =
                MemorySplit.parse(
                                """
                                4711:
                                Memory mappings:
                                from               to                        vsize prot          rss      hugetlb pgsz notes            info                                  file
                                ========================
                                0x000000005a001000-0x000000005ad95000     14237696 rw-p     14098432            0 4K   com              CDS                                   /usr/lib/jvm/lib/server/classes.jsa
                                0x000000005b020000-0x000000005b040000       131072 ---p            0            0 4K   -                CLASS                                 -
                                0x000000005b040000-0x000000005b150000      1114112 rw-p         1000            0 4K   com              CLASS                                 -
                                0x00000000fc000000-0x0000000100000000     67108864 rw-p     36913152            0 4K   com              JAVAHEAP                              -
                                0x00007fa794000000-0x00007fa794190000      1638400 rw-p           24            0 4K   com              META                                  -
                                0x00007fa78b904000-0x00007fa78ba00000      1032192 rw-p        90112            0 4K   com,nothp        STACK-15165-encode-1                  -
                                0x00007fa79c3ff000-0x00007fa79c66f000      2555904 rwxp      1802240            0 4K   com              CODE                                  -
                                0x00007fa7b4000000-0x00007fa7b43ea000      4104192 rw-p      4026368            0 4K   -                -                                     -
                                0x000055e3de102000-0x000055e3de14b000       299008 rw-p           10            0 4K   com              -                                     [heap]
                                0x00007fa7b8194000-0x00007fa7b8197000        12288 r--p        12288            0 4K   com              -                                     /usr/lib/jvm/lib/libnet.so
                                0x00007fa7c8194000-0x00007fa7c8197000      5242880 rw-s      4194304            0 4K   shrd,com         -                                     /tmp/buffer/queue/20261126-0000F.cq4
                                """)
                        .orElseThrow();

        assertThat(split.bytes(Part.HEAP)).isEqualTo(36_913_152);
        assertThat(split.bytes(Part.METASPACE)).isEqualTo(1_024);
        assertThat(split.bytes(Part.ARCHIVE)).isEqualTo(14_098_432);
        assertThat(split.bytes(Part.STACKS)).isEqualTo(90_112);
        assertThat(split.bytes(Part.CODE)).isEqualTo(1_802_240);
        assertThat(split.bytes(Part.OTHER)).isEqualTo(4_026_378);
        assertThat(split.bytes(Part.FILES)).isEqualTo(12_288);
        assertThat(split.bytes(Part.QUEUE)).isEqualTo(4_194_304);
        assertThat(split.bytes(Part.GC)).isZero();
        assertThat(MemorySplit.parse("4711:\nThis JVM does not track\n")).isEmpty();
    }
}
