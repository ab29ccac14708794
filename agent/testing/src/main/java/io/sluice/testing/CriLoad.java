package io.sluice.testing;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Applications that log: some containers in some namespaces that write at a rate, and rotate at a
 * size, until each has written its lines or the time is over.
 *
 * <p>A container's lines are numbered from 1: what arrived is complete if every {@code seq} up to
 * {@link #written} is there once. The same seed writes the same lines.
 *
 * <p>{@link #run} is one thread's, here or in a process of its own ({@link #main}); {@link
 * #written} and {@link #stop} are for any.
 */
public final class CriLoad implements Runnable {
    /** One round's lines are written at once; small against a second, large against a wake-up. */
    private static final long ROUND_NANOS = Duration.ofMillis(5).toNanos();

    private static final String CONTAINER = "app";

    private final Plan plan;
    private final List<CriLogs.Container> containers = new ArrayList<>();
    private final List<LoadLines> lines = new ArrayList<>();

    /** By container; written by the thread of {@link #run} after the line is in its file. */
    private final AtomicLongArray written;

    private volatile boolean stopped;

    /** The load waits while this says so. */
    private volatile BooleanSupplier waits = () -> false;

    /**
     * What is written.
     *
     * @param containers how many, one in each pod
     * @param namespaces how many the pods are spread over
     * @param linesPerSecond of all containers together
     * @param linesPerContainer where a container ends; empty for no end
     * @param time when all end, if not before
     * @param rotateBytes a file that has reached this is rotated
     * @param seed same seed, same lines
     */
    public record Plan(
            int containers,
            int namespaces,
            long linesPerSecond,
            OptionalLong linesPerContainer,
            Duration time,
            long rotateBytes,
            long seed) {
        public Plan {
            check("containers", containers);
            check("namespaces", namespaces);
            check("linesPerSecond", linesPerSecond);
            check("linesPerContainer", linesPerContainer.orElse(1));
            check("time", time.toMillis());
            check("rotateBytes", rotateBytes);
        }

        private static void check(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " is " + value + "; set at least 1");
            }
        }
    }

    /** Creates the containers' files; nothing is written before {@link #run}. */
    public CriLoad(CriLogs logs, Plan plan) {
        this.plan = plan;
        this.written = new AtomicLongArray(plan.containers());
        for (int i = 0; i < plan.containers(); i++) {
            UUID uid = new UUID(plan.seed(), i);
            containers.add(
                    logs.container(
                            "load-" + (1 + i % plan.namespaces()),
                            podName(i),
                            uid.toString(),
                            CONTAINER));
            lines.add(new LoadLines(plan.seed(), i));
        }
    }

    private static String podName(int index) {
        return "shop-" + (1 + index);
    }

    /** In the order of their numbers. */
    public List<CriLogs.Container> containers() {
        return List.copyOf(containers);
    }

    /** How many lines of this container are in its files. */
    public long written(CriLogs.Container container) {
        int index = containers.indexOf(container);
        if (index < 0) {
            throw new IllegalArgumentException(container.key() + " is not of this load");
        }
        return written.get(index);
    }

    /** Lines of all containers. */
    public long written() {
        long sum = 0;
        for (int i = 0; i < written.length(); i++) {
            sum += written.get(i);
        }
        return sum;
    }

    /** The number of each container's last line, by {@code pod/container}. */
    public Map<String, Integer> lastByContainer() {
        Map<String, Integer> last = new TreeMap<>();
        for (int i = 0; i < written.length(); i++) {
            last.put(podName(i) + "/" + CONTAINER, Math.toIntExact(written.get(i)));
        }
        return last;
    }

    /**
     * Nothing is written while this is true; asked before each line. What a slow machine cannot
     * ship need not be written.
     */
    public CriLoad waitWhile(BooleanSupplier condition) {
        waits = condition;
        return this;
    }

    /** Ends {@link #run} soon, at the end of a line. */
    public void stop() {
        stopped = true;
    }

    @Override
    public void run() {
        long start = System.nanoTime();
        long done = 0;
        int next = 0;
        while (!stopped && !isComplete()) {
            long elapsed = System.nanoTime() - start;
            if (elapsed >= plan.time().toNanos()) {
                break;
            }
            long due = (long) (elapsed / 1e9 * plan.linesPerSecond()) + 1;
            if (done >= due || waits.getAsBoolean()) {
                LockSupport.parkNanos(ROUND_NANOS);
                continue;
            }
            // In turn, so that all containers end with the same number of lines.
            writeLine(next);
            next = (next + 1) % containers.size();
            done++;
        }
        containers.forEach(CriLogs.Container::close);
    }

    private boolean isComplete() {
        return plan.linesPerContainer().isPresent()
                && written() >= plan.linesPerContainer().getAsLong() * containers.size();
    }

    private void writeLine(int index) {
        CriLogs.Container container = containers.get(index);
        if (container.activeBytes() >= plan.rotateBytes()) {
            container.rotate();
        }
        LoadLines.Line line = lines.get(index).next();
        container.write(line.stream(), line.text());
        written.set(index, line.seq());
    }

    /** What was written, as one JSON object: lines by the container's key. */
    public String summary() {
        StringBuilder json = new StringBuilder("{");
        for (int i = 0; i < containers.size(); i++) {
            json.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(containers.get(i).key())
                    .append("\":")
                    .append(written.get(i));
        }
        return json.append('}').toString();
    }

    /**
     * Writes until the lines are written, the time is over, or SIGTERM; then prints {@link
     * #summary}.
     *
     * @param args {@code ROOT} and any of {@code --containers N --namespaces N --rate LINES/S
     *     --lines PER_CONTAINER --seconds N --rotate BYTES --seed N --keep-all}
     */
    public static void main(String[] args) {
        CriLoad load;
        try {
            load = parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Thread writer = Thread.ofPlatform().name("load").start(load);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().unstarted(() -> load.stopAndPrint(writer)));
        try {
            writer.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    private void stopAndPrint(Thread writer) {
        stop();
        try {
            writer.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a shutdown hook", e);
        }
        System.out.println(summary());
    }

    private static CriLoad parse(String[] args) {
        if (args.length == 0 || args[0].startsWith("--")) {
            throw new IllegalArgumentException(
                    "usage: CriLoad ROOT [--containers N] [--namespaces N] [--rate LINES/S]"
                            + " [--lines PER_CONTAINER] [--seconds N] [--rotate BYTES] [--seed N]"
                            + " [--keep-all]");
        }
        CriLogs logs = new CriLogs(Path.of(args[0]));
        int containers = 10;
        int namespaces = 3;
        long rate = 1_000;
        OptionalLong lines = OptionalLong.empty();
        long seconds = Duration.ofDays(365).toSeconds();
        long rotateBytes = 10 * 1024 * 1024;
        long seed = 1;
        Iterator<String> options = List.of(args).subList(1, args.length).iterator();
        while (options.hasNext()) {
            String option = options.next();
            if (option.equals("--keep-all")) {
                logs.keepAll();
                continue;
            }
            if (!options.hasNext()) {
                throw new IllegalArgumentException(option + " needs a value");
            }
            long value = number(option, options.next());
            switch (option) {
                case "--containers" -> containers = Math.toIntExact(value);
                case "--namespaces" -> namespaces = Math.toIntExact(value);
                case "--rate" -> rate = value;
                case "--lines" -> lines = OptionalLong.of(value);
                case "--seconds" -> seconds = value;
                case "--rotate" -> rotateBytes = value;
                case "--seed" -> seed = value;
                default -> throw new IllegalArgumentException("unknown option " + option);
            }
        }
        return new CriLoad(
                logs,
                new Plan(
                        containers,
                        namespaces,
                        rate,
                        lines,
                        Duration.ofSeconds(seconds),
                        rotateBytes,
                        seed));
    }

    private static long number(String option, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " is " + value + "; give a number", e);
        }
    }
}
