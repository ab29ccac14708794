package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.HostPort;
import io.sluice.app.health.HealthServer;
import io.sluice.app.health.Page;
import io.sluice.app.health.PageServer;
import io.sluice.app.health.Reason;
import io.sluice.app.json.JsonObject;
import io.sluice.app.ledger.Books;
import io.sluice.app.ledger.LedgerPages;
import io.sluice.app.metrics.AgentMetrics;
import io.sluice.buffer.Buffer;
import io.sluice.buffer.DeadLetterFiles;
import io.sluice.elasticsearch.BulkSender;
import io.sluice.kubernetes.DownwardPod;
import io.sluice.kubernetes.KubernetesHealth;
import io.sluice.kubernetes.MetadataGate;
import io.sluice.kubernetes.PodWatch;
import io.sluice.pipeline.Pipeline;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.Tailer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * All rooms, wired: from the container's file to the document.
 *
 * <p>Opened from the end of the line's way to its beginning, and closed the other way round, so
 * that nothing is ever handed to a room that is not there.
 *
 * <p>Threads: {@code tail}, {@code encode-1..N}, {@code deliver}, {@code http}, {@code kubernetes},
 * {@code downward}, {@code http-health}, {@code http-admin}; the one who calls {@link #run} waits
 * and watches.
 */
final class Agent implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.app");

    /** What rejected documents may take in the state directory. */
    static final long DEAD_LETTER_BYTES = 64L << 20;

    private static final Duration TAIL_PATIENCE = Duration.ofSeconds(5);
    private static final Duration PIPELINE_PATIENCE = Duration.ofSeconds(5);
    private static final Duration WATCH_EVERY = Duration.ofSeconds(1);

    private final AgentConfig config;
    private final Buffer buffer;
    private final DeadLetterFiles letters;
    private final BulkSender sender;
    private final PodWatch pods;
    private final Optional<DownwardPod> filesPod;
    private final Pipeline pipeline;
    private final Tailer tailer;
    private final Thread tail;
    private final HealthServer health;
    private final PageServer admin;
    private final Watchdog watchdog;

    /** Completed once: with the failure that ends the agent, or with nothing for a wanted end. */
    private final CompletableFuture<Optional<Throwable>> end = new CompletableFuture<>();

    private boolean started;
    private boolean closed;

    /**
     * Opens every room; nothing is read before {@link #start}.
     *
     * @throws io.sluice.buffer.BufferException if the state directory cannot be used
     * @throws IOException if a port cannot be had
     */
    Agent(AgentConfig config) throws IOException {
        this.config = config;
        this.buffer = Buffer.open(config.buffer());
        try {
            this.letters = DeadLetterFiles.open(buffer, 0, DEAD_LETTER_BYTES);
            this.sender = new BulkSender(config.elasticsearch(), buffer.outbox(0), letters);
            this.pods = new PodWatch(config.kubernetes(), config.buffer().directory());
            this.filesPod = config.pod().map(pod -> new DownwardPod(pod, pods));
            AppendWatch appends =
                    new AppendWatch(
                            new EndedSources(buffer, pods::forget),
                            buffer.stats()::full,
                            System::nanoTime);
            PodDirectory directory = filesPod.map(PodDirectory.class::cast).orElse(pods);
            this.pipeline = new Pipeline(config.pipeline(), directory, appends, this::failed);
            this.tailer =
                    new Tailer(
                            config.tail(),
                            buffer.positions(),
                            new MetadataGate(pods, config.kubernetes().metadataWait()),
                            pipeline,
                            System::nanoTime);
            this.tail = new Thread(tailer, "tail");
            this.tail.setUncaughtExceptionHandler((_, failure) -> failed(failure));
            this.watchdog = watchdog(config.stallAfter(), appends);
            AgentMetrics metrics = new AgentMetrics();
            metrics.bind(tailer.stats());
            metrics.bind(pipeline.stats());
            metrics.bind(pods.stats());
            metrics.bind(buffer.stats());
            metrics.bind(sender.stats());
            metrics.bind(letters.stats());
            metrics.bind(this::books);
            this.health =
                    new HealthServer(
                            address(config.health()),
                            this::againstLife,
                            this::againstReadiness,
                            metrics::scrape);
            try {
                this.admin = PageServer.start("admin", address(config.admin()), pages());
            } catch (IOException e) {
                health.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            buffer.close();
            throw e;
        }
    }

    private Map<String, Page> pages() {
        Map<String, Page> pages = new HashMap<>(LedgerPages.of(this::books));
        pages.put("/status", Page.json(this::status));
        return pages;
    }

    /** What became of every line. */
    private Books books() {
        return Books.look(() -> buffer.ledger().snapshot(0), tailer::logSources);
    }

    private Watchdog watchdog(Duration after, AppendWatch appends) {
        return new Watchdog(after, System::nanoTime)
                .watch("delivery", sender::stalled)
                .watch("appending to the buffer", appends::stuck)
                .watch(
                        "encoding",
                        pipeline.stats()::bytesIn,
                        () -> pipeline.stats().ringUsed() > 0 && !appends.isAppending())
                .watch("reading", tailer::overdue);
    }

    private static InetSocketAddress address(HostPort listen) {
        return new InetSocketAddress(listen.host(), listen.port());
    }

    /** Starts every thread, unless it is closed already. Once. */
    synchronized Agent start() {
        if (closed) {
            return this;
        }
        started = true;
        HostPort listensForHealth = new HostPort(config.health().host(), health.port());
        HostPort listensForAdmin = new HostPort(config.admin().host(), admin.port());
        LOG.log(
                System.Logger.Level.INFO,
                StartBlock.of(config, pipeline, listensForHealth, listensForAdmin));
        sender.start(this::failed);
        pipeline.start();
        pods.start();
        filesPod.ifPresent(DownwardPod::start);
        tail.start();
        return this;
    }

    /**
     * Waits for the end and watches over progress meanwhile.
     *
     * @return why the agent has to end; empty if somebody asked for it
     */
    Optional<Throwable> run() throws InterruptedException {
        while (true) {
            try {
                return end.get(WATCH_EVERY.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException _) {
                watch();
            } catch (ExecutionException e) {
                throw new AssertionError("the end is never completed exceptionally", e);
            }
        }
    }

    private void watch() {
        if (!tail.isAlive() && !end.isDone()) {
            failed(new IllegalStateException("the thread tail has ended"));
        }
        if (!sender.isRunning() && !end.isDone()) {
            failed(new IllegalStateException("the thread deliver has ended"));
        }
        if (buffer.isRemoved() && !end.isDone()) {
            failed(
                    new IllegalStateException(
                            "the files of "
                                    + config.buffer().directory()
                                    + " (buffer.path) have been removed while the agent used them;"
                                    + " it has to start anew, and reads the log files again from"
                                    + " their beginning: ids keep that from doubling documents"));
        }
        watchdog.look()
                .ifPresent(
                        stall -> {
                            LOG.log(System.Logger.Level.ERROR, ThreadDump.of(stall.toString()));
                            failed(new StalledException(stall));
                        });
    }

    /** Ends {@link #run}, without a failure. Any thread. */
    void stop() {
        end.complete(Optional.empty());
    }

    private void failed(Throwable failure) {
        if (end.complete(Optional.of(failure))) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "the agent ends; nothing is lost, its next start goes on",
                    failure);
        }
    }

    /** Why the agent should be started again. */
    private List<Reason> againstLife() {
        return end.getNow(Optional.empty())
                .map(failure -> List.of(new Reason("agent", String.valueOf(failure))))
                .orElse(List.of());
    }

    /** Why it does not do all it should now. */
    private List<Reason> againstReadiness() {
        List<Reason> reasons = new ArrayList<>(againstLife());
        for (String trouble : sender.troubles()) {
            reasons.add(new Reason("elasticsearch", trouble));
        }
        for (String trouble : buffer.stats().troubles()) {
            reasons.add(new Reason("buffer", trouble));
        }
        if (buffer.stats().full() && buffer.stats().troubles().isEmpty()) {
            reasons.add(
                    new Reason(
                            "buffer",
                            "the buffer is full; raise buffer.maxSize, lower buffer.minFree, or see"
                                    + " why Elasticsearch takes nothing"));
        }
        KubernetesHealth kubernetes = pods.health();
        if (kubernetes.state() == KubernetesHealth.State.FAILING) {
            reasons.add(new Reason("kubernetes", kubernetes.trouble()));
        }
        filesPod.flatMap(DownwardPod::trouble)
                .ifPresent(trouble -> reasons.add(new Reason("pod", trouble)));
        return reasons;
    }

    /** The way of a line in figures, from file to document. */
    private JsonObject status() {
        return new JsonObject()
                .put("version", Sluice.version())
                .put("sources", tailer.stats().sources())
                .put("readBytes", tailer.stats().readBytes.sum())
                .put("backlogBytes", tailer.stats().backlogBytes())
                .put("records", pipeline.stats().records())
                .put("bufferedDocuments", buffer.stats().appendedDocuments())
                .put("deliveredDocuments", sender.stats().deliveredDocuments())
                .put("alreadyThereDocuments", sender.stats().alreadyThereDocuments())
                .put("deadLetteredDocuments", sender.stats().deadLetteredDocuments())
                .put("ready", againstReadiness().isEmpty())
                .put("reasons", againstReadiness().stream().map(Reason::json).toList());
    }

    /** The port of {@code /livez}, {@code /readyz}, {@code /metrics}. */
    int healthPort() {
        return health.port();
    }

    /** The port of the operator's pages. */
    int adminPort() {
        return admin.port();
    }

    /** Documents in Elasticsearch since the start. */
    long deliveredDocuments() {
        return sender.stats().deliveredDocuments();
    }

    /**
     * Ends in order: reading, encoding and flushing to the buffer, {@code shutdown.drain} for
     * delivery, the buffer. What is not delivered then is delivered by the next start.
     *
     * <p>Who reads nothing but its own pod's files ends with that pod, and files and buffer go with
     * it: so it reads them to their end first, for {@code shutdown.drain} at most.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        // Who watches must not take the end of the tail for a failure.
        stop();
        boolean last =
                end.getNow(Optional.empty()).isEmpty()
                        && filesPod.isPresent()
                        && config.tail().containers().isEmpty();
        boolean drained = started && bringToAnEnd(last);
        letters.close();
        buffer.close();
        admin.close();
        health.close();
        LOG.log(
                System.Logger.Level.INFO,
                "stopped; {0} documents delivered since the start, {1}",
                sender.stats().deliveredDocuments(),
                drained
                        ? "the buffer is empty"
                        : "the rest waits in the buffer for the next start");
    }

    /**
     * @param last there may be no next start that reads what is left
     * @return whether all that was read is delivered
     */
    private boolean bringToAnEnd(boolean last) {
        try {
            if (last) {
                tailer.finish();
                tail.join(config.drain());
            }
            tailer.stop();
            tail.join(TAIL_PATIENCE);
        } catch (InterruptedException _) {
            tailer.stop();
            Thread.currentThread().interrupt();
        }
        pipeline.close(PIPELINE_PATIENCE);
        boolean drained = sender.drain(config.drain());
        sender.close();
        filesPod.ifPresent(DownwardPod::close);
        pods.close();
        return drained;
    }
}
