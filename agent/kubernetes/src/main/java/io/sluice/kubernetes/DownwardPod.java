package io.sluice.kubernetes;

import io.sluice.pipeline.Pod;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.SourceOrigin;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The pod that writes the plain files, by what the downward API says of it; about containers
 * another directory is asked.
 *
 * <p>Labels and annotations change while a pod runs. The kubelet then writes all files of the
 * volume anew beside the old ones and moves the link {@code ..data} from those to these, within
 * about a minute. So the files are read again every few seconds: they are small, and that costs
 * less than knowing whether they changed.
 *
 * <p>Thread: {@code downward}, one loop, {@link #run}, if there are such files. All else may be
 * called by any thread and never blocks, but {@link #start} and {@link #close}.
 */
public final class DownwardPod implements PodDirectory, AutoCloseable, Runnable {
    private static final System.Logger LOG = System.getLogger("io.sluice.kubernetes");
    private static final Duration LOOK_EVERY = Duration.ofSeconds(5);
    private static final long COMPLAIN_EVERY_NANOS = Duration.ofMinutes(1).toNanos();
    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(5);

    private final DownwardConfig config;
    private final PodDirectory containers;
    private final Duration lookEvery;
    private final LongSupplier nanoClock;
    private final Optional<SourceOrigin.Container> writer;

    /** Tells a CronJob's scheduled time from other numbers; the pod was created shortly before. */
    private final Instant since = Instant.now();

    /** When the present trouble was last logged; owned by the one who looks. */
    private long complainedNanos;

    // Written by the downward thread, before it starts by the one who starts it; read by any.
    private volatile Pod pod;
    private volatile String trouble = "";

    private final Thread runner = Thread.ofPlatform().name("downward").daemon().unstarted(this);

    /**
     * @param config which pod it is
     * @param containers knows the pods of containers' logs
     */
    public DownwardPod(DownwardConfig config, PodDirectory containers) {
        this(config, containers, LOOK_EVERY, System::nanoTime);
    }

    DownwardPod(
            DownwardConfig config,
            PodDirectory containers,
            Duration lookEvery,
            LongSupplier nanoClock) {
        this.config = config;
        this.containers = containers;
        this.lookEvery = lookEvery;
        this.nanoClock = nanoClock;
        this.writer =
                Optional.of(
                        new SourceOrigin.Container(
                                config.namespace(),
                                config.name(),
                                config.uid(),
                                config.container()));
        this.pod = pod(Map.of(), Map.of());
    }

    /**
     * Reads the files, so that the first document has what is in them; then goes on in a thread.
     */
    public void start() {
        if (config.labelsFile().isPresent() || config.annotationsFile().isPresent()) {
            look();
            runner.start();
        }
    }

    /** Looks at the files until {@link #close}. */
    @Override
    public void run() {
        try {
            while (true) {
                TimeUnit.NANOSECONDS.sleep(lookEvery.toNanos());
                look();
            }
        } catch (InterruptedException _) {
            LOG.log(System.Logger.Level.DEBUG, "the pod's labels are not looked at any more");
        }
    }

    /** Takes what the files say now. What cannot be read changes nothing. */
    void look() {
        Map<String, String> labels = Map.of();
        Map<String, String> annotations = Map.of();
        Optional<Path> at = Optional.empty();
        try {
            at = config.labelsFile();
            if (at.isPresent()) {
                labels = DownwardFile.read(at.get());
            }
            at = config.annotationsFile();
            if (at.isPresent()) {
                annotations = DownwardFile.read(at.get());
            }
        } catch (IOException e) {
            failed(at.orElseThrow() + ", which " + e.getMessage());
            return;
        }
        worked();
        Pod now = pod(labels, annotations);
        if (!now.equals(pod)) {
            pod = now;
        }
    }

    private void failed(String why) {
        String now = "the pod's metadata is in " + why + "; documents carry what was read last";
        long nanos = nanoClock.getAsLong();
        if (!now.equals(trouble) || nanos - complainedNanos >= COMPLAIN_EVERY_NANOS) {
            complainedNanos = nanos;
            LOG.log(System.Logger.Level.WARNING, now);
        }
        trouble = now;
    }

    private void worked() {
        if (!trouble.isEmpty()) {
            trouble = "";
            LOG.log(System.Logger.Level.INFO, "the pod's metadata can be read again");
        }
    }

    private Pod pod(Map<String, String> labels, Map<String, String> allAnnotations) {
        Map<String, String> annotations = new HashMap<>(allAnnotations);
        annotations.keySet().retainAll(config.annotations());
        return new Pod(
                config.namespace(),
                config.name(),
                config.uid(),
                config.ip(),
                "", // The agent's own node is the pod's.
                config.labels() ? labels : Map.of(),
                annotations,
                Workload.byLabels(config.name(), labels, since),
                Map.of());
    }

    @Override
    public Optional<SourceOrigin.Container> writer(SourceOrigin.File file) {
        return writer;
    }

    @Override
    public Optional<Pod> find(SourceOrigin.Container origin) {
        return origin.equals(writer.orElseThrow()) ? Optional.of(pod) : containers.find(origin);
    }

    /** What is wrong with the files, and what that means; empty while they can be read. */
    public Optional<String> trouble() {
        return Optional.of(trouble).filter(text -> !text.isEmpty());
    }

    /** Ends the loop, and waits for it up to five seconds. */
    @Override
    public void close() {
        if (!runner.isAlive()) {
            return;
        }
        runner.interrupt();
        try {
            runner.join(LONGEST_CLOSE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
