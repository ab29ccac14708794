package io.sluice.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * What {@code ./mvnw -Pdemo} runs: a real Elasticsearch, and {@code sluice demo} of the packaged
 * agent against it, until that ends or Ctrl-C. Its exit code is the demo's.
 *
 * <p>Arguments: the folder of the packaged agent, the folder for the demo's files, and {@code
 * seconds=N}: how long it lasts, or {@code seconds=} for no end.
 */
public final class DemoStage implements AutoCloseable {
    private final ElasticsearchFixture elasticsearch;
    private Optional<Process> demo = Optional.empty();
    private boolean closed;

    private DemoStage(ElasticsearchFixture elasticsearch) {
        this.elasticsearch = elasticsearch;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        // Libraries that look for Docker have much to tell.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.out.println();
        System.out.println("Starting Elasticsearch ...");
        long startedNanos = System.nanoTime();
        DemoStage stage =
                new DemoStage(ElasticsearchFixture.start(ElasticsearchFixture.Options.DEFAULT));
        System.out.printf(
                "%s, after %d s%n",
                stage.elasticsearch.description(),
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startedNanos));
        Runtime.getRuntime().addShutdownHook(new Thread(stage::close, "stop"));
        int code =
                stage.run(
                        Path.of(arguments[0]),
                        Path.of(arguments[1]),
                        arguments[2].replaceFirst("seconds=", "").strip());
        stage.close();
        System.exit(code);
    }

    private int run(Path home, Path folder, String seconds)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("bin/sluice").toString());
        command.add("demo");
        command.add("--hosts=" + elasticsearch.url());
        command.add("--dir=" + folder);
        if (!seconds.isEmpty()) {
            command.add("--seconds=" + seconds);
        }
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process;
        synchronized (this) {
            if (closed) {
                return 0;
            }
            process = builder.start();
            demo = Optional.of(process);
        }
        int code = process.waitFor();
        if (!seconds.isEmpty()) {
            System.out.println(
                    "Elasticsearch stops now; without -Ddemo.seconds it stays up to be asked.");
            System.out.println();
        }
        return code;
    }

    /** The agent first: it may have something to deliver. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        demo.ifPresent(DemoStage::end);
        elasticsearch.close();
    }

    private static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(15, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException _) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
