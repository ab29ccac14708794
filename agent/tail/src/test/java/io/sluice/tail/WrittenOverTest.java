package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.tail.Generation.Start;
import io.sluice.tail.Loss.Cause;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The file that was read last has lost its first line while the agent was down; older ones are
 * still there, and were read.
 */
class WrittenOverTest extends RealFiles {
    private final CollectingSink again = new CollectingSink(4096);
    private KubeletLogs web;
    private Path rotated;

    /** Where the agent stood. */
    private Map<String, SourcePosition> positions;

    @BeforeEach
    void readTwoFiles() throws Exception {
        web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\na2\n");
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "a1\na2\n");
            rotated = web.rotate();
            web.write("b1\n");
            awaitText(web, "a1\na2\nb1\n");
        }
        positions = sink.positions();
    }

    @Test
    void whatWasReadBeforeAFileThatWasRenamedOverIsNotReadAgain() throws Exception {
        web.renameOver();
        web.write("c1\n");
        resumeAndAwait("c1\n");
    }

    @Test
    void whatWasReadBeforeAFileThatAPowerCutLeftEmptyIsNotReadAgain() throws Exception {
        web.truncate();
        web.restart();
        web.write("c1\n");
        resumeAndAwait("c1\n");
    }

    @Test
    void ofFilesThatWereRenamedOverOneAfterTheOtherTheLastThatIsLeftTells() throws Exception {
        CollectingSink second = new CollectingSink(4096);
        try (RunningTailer _ = start(config(true), positions, second)) {
            web.renameOver();
            web.write("c1\n");
            awaitText(second, web.key, "c1\n");
        }
        positions = second.positions();
        web.renameOver();
        web.write("d1\n");
        resumeAndAwait("d1\n");
    }

    @Test
    void whatWasCompressedSinceItWasReadIsStillKnown() throws Exception {
        KubeletLogs.gzip(rotated);
        web.renameOver();
        web.write("c1\n");
        resumeAndAwait("c1\n");
    }

    @Test
    void whereTheOneBeforeIsGoneTooAllThatIsLeftIsNew() throws Exception {
        web.rotate();
        web.write("c1\n");
        Path later = web.rotate();
        web.write("d1\n");
        Files.delete(rotated);
        Files.delete(later.resolveSibling("0.log.20261124-000001"));
        resumeAndAwait("c1\nd1\n");
    }

    /** Its open record is read again, and does not go on in what follows the gap. */
    @Test
    void aStreamThatStandsInTheOlderFileIsReadFromThere() throws Exception {
        StreamPosition out = positions.get(web.key).stdout();
        StreamPosition err = new StreamPosition(out.before(), 0, 3);
        positions = Map.of(web.key, new SourcePosition(out, err));
        web.renameOver();
        web.write("c1\n");
        resumeAndAwait("a2\nc1\n");
        Generation older = again.taken(web.key).getFirst().generation();
        assertThat(older.stdoutFrom()).isEqualTo(Long.MAX_VALUE);
        assertThat(older.stderrFrom()).isEqualTo(3);
        Generation younger = again.taken(web.key).getLast().generation();
        assertThat(younger.start()).isEqualTo(Start.BREAKS);
        assertThat(younger.stdoutFrom()).isZero();
        assertThat(younger.stderrFrom()).isZero();
        assertThat(younger.before()).isEqualTo(older.fingerprint());
    }

    private void resumeAndAwait(String text) {
        try (RunningTailer _ = start(config(true), positions, again)) {
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(again.text(web.key)).startsWith(text));
            web.write("last\n");
            awaitText(again, web.key, text + "last\n");
        }
        assertThat(again.losses(web.key).values())
                .containsExactly(new Loss(Cause.ROTATED_UNREAD, 0, true));
    }
}
