package io.sluice.app.log;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

class SelfLogTest {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream to = new PrintStream(written, true, UTF_8);

    @AfterEach
    void giveTheLogBack() {
        SelfLog.configure(Level.INFO, SelfLog.Format.TEXT, System.err);
    }

    @Test
    void anEventIsOneLineOfEcs() {
        SelfLog.configure(Level.INFO, to);
        Instant before = Instant.now().minusMillis(1);

        LOG.log(Level.INFO, "watching {0} with {1} watches", "/var/log/\"containers\"", 12);

        Matcher line =
                Pattern.compile(
                                """
                                \\{"@timestamp":"([^"]+)","log.level":"info",\
                                "message":"watching /var/log/\\\\"containers\\\\" with 12 watches",\
                                "log.logger":"io.sluice.tail","process.thread.name":"([^"]+)"}\
                                """)
                        .matcher(lines().getFirst());
        assertThat(line.matches()).as(lines().getFirst()).isTrue();
        assertThat(Instant.parse(line.group(1))).isBetween(before, Instant.now());
        assertThat(line.group(2)).isEqualTo(Thread.currentThread().getName());
        assertThat(lines()).hasSize(1);
    }

    @Test
    void anExceptionIsPartOfItsLine() {
        SelfLog.configure(Level.INFO, to);

        LOG.log(
                Level.ERROR,
                "stopped",
                new IllegalStateException(
                        "ring is \"gone\"", new RuntimeException("cause\nof it")));

        assertThat(lines())
                .singleElement()
                .asString()
                .contains("\"log.level\":\"error\",\"message\":\"stopped\"")
                .contains("\"error.type\":\"java.lang.IllegalStateException\"")
                .contains("\"error.message\":\"ring is \\\"gone\\\"\"")
                .contains("\"error.stack_trace\":\"java.lang.IllegalStateException: ring")
                .contains("\\n\\tat io.sluice.app.log.SelfLogTest")
                .contains("Caused by: java.lang.RuntimeException: cause\\nof it");
    }

    @Test
    void librariesAreHeardFromWarningOnByWhateverTheyLogThrough() {
        SelfLog.configure(Level.DEBUG, to);

        LoggerFactory.getLogger("org.apache.hc.client5.http").info("connected");
        Logger.getLogger("net.openhft.chronicle").info("mapped");
        System.getLogger("io.sluiceish").log(Level.INFO, "not ours");
        LoggerFactory.getLogger("co.elastic.clients").warn("node {} is {}", "a", "down");
        LOG.log(Level.DEBUG, "ours");
        LOG.log(Level.TRACE, "too much");

        assertThat(lines()).hasSize(2);
        assertThat(lines().getFirst())
                .contains("\"log.level\":\"warn\",\"message\":\"node a is down\"")
                .contains("\"log.logger\":\"co.elastic.clients\"");
        assertThat(lines().getLast()).contains("\"log.level\":\"debug\",\"message\":\"ours\"");
    }

    @Test
    void atErrorLibrariesDoNotWarnEither() {
        SelfLog.configure(Level.ERROR, to);

        LoggerFactory.getLogger("co.elastic.clients").warn("slow");
        LOG.log(Level.WARNING, "slow");

        assertThat(lines()).isEmpty();
    }

    @Test
    void whatCannotBePrintedNeverThrowsAtWhoLogs() {
        SelfLog.configure(Level.INFO, to);
        Object broken =
                new Object() {
                    @Override
                    public String toString() {
                        throw new IllegalStateException("no text");
                    }
                };
        RuntimeException mute =
                new RuntimeException() {
                    private static final long serialVersionUID = 1;

                    @Override
                    public String getMessage() {
                        throw new IllegalStateException("no message");
                    }
                };

        LOG.log(Level.INFO, "value {0}", broken);
        LOG.log(Level.INFO, "{0} of {broken", 1);
        LOG.log(Level.INFO, (String) null);
        LOG.log(Level.INFO, "half a pair \uD83D");
        LOG.log(Level.INFO, "mute", mute);

        assertThat(lines()).hasSize(5);
        assertThat(lines().get(3)).contains("half a pair \uFFFD");
        assertThat(lines().get(4)).contains("\"error.message\":\"(no message: ");
    }

    @Test
    void aVeryLongMessageIsCut() {
        SelfLog.configure(Level.INFO, to);

        LOG.log(Level.INFO, "x".repeat(1_000_000));

        assertThat(lines().getFirst()).hasSizeLessThan(20_000).contains("xx… (983616 more)");
    }

    @Test
    void linesOfManyThreadsDoNotMix() throws Exception {
        SelfLog.configure(Level.INFO, to);
        List<Thread> threads =
                IntStream.range(0, 4)
                        .mapToObj(
                                n ->
                                        Thread.ofPlatform()
                                                .name("writer-" + n)
                                                .start(() -> logOften(n)))
                        .toList();
        for (Thread thread : threads) {
            assertThat(thread.join(java.time.Duration.ofSeconds(30))).isTrue();
        }

        assertThat(lines())
                .hasSize(2_000)
                .allMatch(line -> line.matches("\\{.*\"message\":\"n(\\d) .*\"writer-\\1\"}"));
    }

    private static void logOften(int n) {
        for (int i = 0; i < 500; i++) {
            LOG.log(Level.INFO, "n" + n + " " + "y".repeat(500));
        }
    }

    @Test
    void whatTheShutdownSaysIsStillHeardAfterTheJdkHasClosedItsHandlers() throws Exception {
        SelfLog.configure(Level.INFO, to);

        LogManager.getLogManager().reset();
        LOG.log(Level.INFO, "drained in {0} ms", 12);
        LoggerFactory.getLogger("org.apache.hc").info("closed");
        LogManager.getLogManager().reset();
        LOG.log(Level.WARNING, "bye");

        assertThat(lines()).hasSize(2);
        assertThat(lines().getLast()).contains("bye");
    }

    @Test
    void aRealJvmIsHeardToItsEnd() throws Exception {
        Process process =
                new ProcessBuilder(
                                System.getProperty("java.home") + "/bin/java",
                                "-Xmx32m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Ending.class.getName())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

        assertThat(output.lines()).anyMatch(line -> line.contains("\"message\":\"end 1000\""));
    }

    /** Its shutdown hook runs beside the JDK's, and much longer. */
    static final class Ending {
        public static void main(String[] arguments) {
            SelfLog.configure(Level.INFO, System.err);
            Runtime.getRuntime().addShutdownHook(new Thread(Ending::end));
        }

        private static void end() {
            for (int i = 0; i <= 1_000; i++) {
                LOG.log(Level.INFO, "end " + i);
            }
        }
    }

    @Test
    void textIsForPeopleAndSteersNoTerminal() {
        SelfLog.configure(Level.INFO, SelfLog.Format.TEXT, to);

        LOG.log(Level.WARNING, "\u001b[2J cleared", new RuntimeException("why"));

        assertThat(lines().getFirst())
                .matches(
                        "20..-..-..T..:..:..\\....Z WARN  io\\.sluice\\.tail \\[.+] \uFFFD\\[2J"
                                + " cleared");
        assertThat(lines().get(1)).isEqualTo("java.lang.RuntimeException: why");
        assertThat(lines().get(2)).startsWith("\tat ");
    }

    private List<String> lines() {
        return written.toString(UTF_8).lines().toList();
    }
}
