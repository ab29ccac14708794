package io.sluice.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** {@link DiscardingBulk} as a process of its own. One thread talks to it. */
final class EndpointProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final Writer commands;
    private final String url;

    private EndpointProcess(Process process) throws IOException {
        this.process = process;
        this.answers =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        this.url = answers.readLine();
        if (url == null) {
            Children.end(process);
            throw new IllegalStateException("the bulk endpoint did not start; see its message");
        }
    }

    /**
     * Starts it.
     *
     * @param kept a file that does not exist: for bodies, until they are verified
     * @param keptBytes how large it may get
     */
    static EndpointProcess start(Path kept, long keptBytes) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin/java")
                                                .toString(),
                                        "-XX:+UseSerialGC",
                                        "-Xmx128m",
                                        "-XX:MaxDirectMemorySize=1g",
                                        "--enable-native-access=ALL-UNNAMED",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        DiscardingBulk.class.getName(),
                                        "0",
                                        kept.toString(),
                                        Long.toString(keptBytes)))
                        .redirectError(ProcessBuilder.Redirect.INHERIT);
        return new EndpointProcess(Children.add(builder.start()));
    }

    String url() {
        return url;
    }

    EndpointStats stats() throws IOException {
        return EndpointStats.parse(ask("stats"));
    }

    void down() throws IOException {
        ask("down");
    }

    void up() throws IOException {
        ask("up");
    }

    /** What it unpacks with. */
    String gunzip() throws IOException {
        return ask("gunzip");
    }

    /** See {@link DiscardingBulk#verify}. */
    LineCheck.Outcome verify(long[] written) throws IOException {
        String counts =
                Arrays.stream(written).mapToObj(Long::toString).collect(Collectors.joining(","));
        Map<String, Long> values = EndpointStats.values(ask("verify " + counts));
        return new LineCheck.Outcome(values.get("lost"), values.get("doubled"), values.get("torn"));
    }

    private String ask(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IllegalStateException("the bulk endpoint has ended; see its message");
        }
        return answer;
    }

    /** CPU it has used, seconds. */
    double cpuSeconds() {
        return ProcessUsage.of(process.pid()).map(ProcessUsage::cpuSeconds).orElse(Double.NaN);
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
