package io.sluice.sidecar;

import io.sluice.tail.StreamPosition;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * {@code sluice-sidecar}: repeats the lines of files, sockets and the journal on stdout and stderr;
 * {@link Help} says how.
 *
 * <p>The main thread opens the sources, gives each its thread, and then looks four times a second
 * whether it is time to end. The thread {@code tend} ends what only time ends. SIGTERM does not end
 * the JVM: its hook asks for the end and waits for it.
 */
public final class Sidecar {
    /** As asked. */
    static final int ENDED = 0;

    static final int FAILED = 1;

    /** An option is wrong, or a source cannot be opened. */
    static final int UNUSABLE = 2;

    // 3 is the JVM's, when it has no memory any more (ExitOnOutOfMemoryError).

    /** The reader of stdout or stderr has gone. */
    static final int READER_GONE = 4;

    /** Not everything could be copied in time. */
    static final int LEFT_BEHIND = 5;

    private static final Duration TICK = Duration.ofMillis(250);
    private static final Duration POLL = Duration.ofMillis(20);

    /** Positions are kept so often. */
    private static final Duration SAVE = Duration.ofSeconds(1);

    /** The application may still write while it ends: it is over when nothing came for so long. */
    private static final Duration QUIET = Duration.ofSeconds(1);

    /** A path that is not there by then is spoken of. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** An outlet that takes nothing, or a thread that does not turn, for so long is no health. */
    private static final Duration STUCK = Duration.ofSeconds(60);

    private final Options options;
    private final Outlets outlets;
    private final Activity activity = new Activity();
    private final Ending ending;
    private final List<Source> sources = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<Failure> failure = new AtomicReference<>();
    private Optional<Positions> positions = Optional.empty();
    private Optional<FileSource> files = Optional.empty();
    private final List<JournalSource> journals = new ArrayList<>();
    private long savedNanos;

    /** What has ended a source. */
    private record Failure(Source source, Throwable cause) {}

    private Sidecar(Options options, Outlets outlets) {
        this.options = options;
        this.outlets = outlets;
        this.ending = new Ending(options.untilFile(), options.untilExitOf());
    }

    /** Copies until it is asked to end; {@link Help} has the arguments and the exit codes. */
    public static void main(String[] args) {
        List<String> words = List.of(args);
        if (Arguments.asksFor(Option.HELP, words)) {
            print(Help.text());
        } else if (Arguments.asksFor(Option.VERSION, words)) {
            String version = Sidecar.class.getPackage().getImplementationVersion();
            print("sluice-sidecar " + Objects.requireNonNullElse(version, "of no release") + "\n");
        } else {
            Outlets outlets = Outlets.ofProcess();
            Console.use(outlets.err());
            // Not exit: SIGTERM's hook waits for this.
            Runtime.getRuntime().halt(run(words, outlets));
        }
    }

    private static void print(String text) {
        try (OutputStream out = new FileOutputStream(FileDescriptor.out)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException _) {
            // Who has asked for it does not read it.
        }
    }

    private static int run(List<String> words, Outlets outlets) {
        try {
            Options options = Arguments.read(words, System.getenv());
            return new Sidecar(options, outlets).run();
        } catch (Arguments.WrongException e) {
            Console.say(e.getMessage());
            return UNUSABLE;
        } catch (RuntimeException e) {
            Console.say("the main thread has failed: " + e);
            return FAILED;
        }
    }

    private int run() {
        try {
            begin();
        } catch (Source.UnusableException e) {
            Console.say(e.getMessage());
            closeAll();
            return UNUSABLE;
        }
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("signal").unstarted(this::askAndWait));
        HealthFile health = new HealthFile(options.healthFile());
        sources.forEach(this::start);
        Thread.ofPlatform().name("tend").daemon().start(this::tend);
        int code = copy(health);
        health.close();
        closeAll();
        return code;
    }

    private void begin() throws Source.UnusableException {
        if (options.positions().isPresent()) {
            positions = Optional.of(Positions.open(options.positions().get()));
        }
        sources.addAll(
                new SourceFactory(options, positions, outlets, activity, PATIENCE).sources());
        for (Source source : sources) {
            switch (source) {
                case FileSource tail -> files = Optional.of(tail);
                case JournalSource journal -> journals.add(journal);
                default -> {}
            }
        }
        for (Source source : sources) {
            source.open();
        }
    }

    /** SIGTERM: the JVM waits for this, which the main thread ends with the whole process. */
    private void askAndWait() {
        ending.ask("SIGTERM");
        while (true) {
            LockSupport.park();
        }
    }

    private void start(Source source) {
        threads.add(Thread.ofPlatform().name(source.name()).daemon().start(() -> run(source)));
    }

    /** A source's thread. */
    private void run(Source source) {
        try {
            source.run();
        } catch (IOException | RuntimeException | Error e) {
            failure.compareAndSet(null, new Failure(source, e));
        }
        ending.wake();
    }

    /**
     * @return the exit code
     */
    private int copy(HealthFile health) {
        Optional<String> reason = ending.reason();
        while (reason.isEmpty()) {
            if (failure.get() != null) {
                return failed(failure.get());
            }
            health.show(trouble());
            ending.await(TICK);
            if (System.nanoTime() - savedNanos >= SAVE.toNanos()) {
                save();
            }
            reason = ending.reason();
        }
        return end(reason.get());
    }

    /** The thread {@code tend}: it may wait for stdout's reader, which main must not. */
    private void tend() {
        while (failure.get() == null) {
            LockSupport.parkNanos(TICK.toNanos());
            for (Source source : sources) {
                try {
                    source.tend();
                } catch (IOException | RuntimeException e) {
                    failure.compareAndSet(null, new Failure(source, e));
                }
            }
        }
        ending.wake();
    }

    private Optional<String> trouble() {
        if (outlets.blockedNanos() >= STUCK.toNanos()) {
            return Optional.of(
                    "stdout or stderr has taken nothing for " + STUCK.toSeconds() + " s");
        }
        boolean stuck = files.isPresent() && files.get().overdue().compareTo(STUCK) > 0;
        return stuck
                ? Optional.of("a file could not be read for " + STUCK.toSeconds() + " s")
                : Optional.empty();
    }

    private int failed(Failure what) {
        save();
        Optional<Outlet> broken = outlets.broken();
        if (broken.isPresent()) {
            Outlet outlet = broken.get();
            boolean gone = outlet.isReaderGone();
            Console.say(
                    outlet.name()
                            + (gone
                                    ? " has no reader any more"
                                    : " cannot be written to: " + what.cause.getMessage())
                            + "; what was not written is copied at the next start"
                            + (positions.isPresent() ? "" : ", with all the rest"));
            return gone ? READER_GONE : FAILED;
        }
        Console.say(what.source.name() + " has failed: " + what.cause);
        return FAILED;
    }

    /** Copies what is left, for as long as that may take. */
    private int end(String reason) {
        Console.say(reason + "; copies what is left and ends");
        long begunNanos = System.nanoTime();
        long drainNanos = options.drain().toNanos();
        // Some time must be left for what is read last.
        long listenNanos = drainNanos * 3 / 4;
        long quietNanos = Math.min(QUIET.toNanos(), listenNanos);
        while (System.nanoTime() - begunNanos < listenNanos
                && !isQuiet(quietNanos, System.nanoTime() - begunNanos)
                && failure.get() == null) {
            ending.await(POLL);
        }
        sources.forEach(Source::finish);
        while (System.nanoTime() - begunNanos < drainNanos
                && threads.stream().anyMatch(Thread::isAlive)
                && failure.get() == null) {
            ending.await(POLL);
        }
        if (failure.get() != null) {
            return failed(failure.get());
        }
        save();
        List<String> late =
                threads.stream().filter(Thread::isAlive).map(Thread::getName).sorted().toList();
        if (late.isEmpty()) {
            return ENDED;
        }
        Console.say(
                options.drain().toMillis()
                        + " ms after the end was asked for not everything is copied ("
                        + String.join(", ", late)
                        + "); raise --drain, or see why stdout is not read");
        return LEFT_BEHIND;
    }

    /** Quiet counts from when the end was asked for: what came before may be unread by now. */
    private boolean isQuiet(long quietNanos, long sinceNanos) {
        return sinceNanos >= quietNanos
                && activity.quietNanos() >= quietNanos
                && outlets.blockedNanos() == 0;
    }

    private void save() {
        savedNanos = System.nanoTime();
        if (positions.isEmpty()) {
            return;
        }
        Map<String, StreamPosition> ofFiles = new HashMap<>();
        files.ifPresent(tail -> ofFiles.putAll(tail.positions()));
        Map<String, String> ofJournals = new HashMap<>();
        for (JournalSource journal : journals) {
            journal.cursor().ifPresent(cursor -> ofJournals.put(journal.name(), cursor));
        }
        try {
            positions.get().save(ofFiles, ofJournals);
        } catch (IOException e) {
            Console.say(
                    "positions cannot be kept ("
                            + e
                            + "); after a restart lines since the last time come once more");
        }
    }

    private void closeAll() {
        sources.forEach(Source::close);
        positions.ifPresent(Positions::close);
    }
}
