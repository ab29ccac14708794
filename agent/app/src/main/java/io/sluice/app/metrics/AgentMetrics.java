package io.sluice.app.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.sluice.app.ledger.Books;
import io.sluice.buffer.BufferStats;
import io.sluice.buffer.DeadLetterStats;
import io.sluice.elasticsearch.DeliveryStats;
import io.sluice.kubernetes.KubernetesStats;
import io.sluice.pipeline.PipelineStats;
import io.sluice.tail.Loss;
import io.sluice.tail.TailStats;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * All metrics of the agent. Each is a function of what a room counts anyway, called when somebody
 * scrapes: no room pays for its metrics.
 *
 * <p>Names: {@code sluice_<room>_<what>_<unit>}, base units, {@code _total} for what only grows
 * (prometheus.io/docs/practices/naming). Bind each room once, at start; any thread may scrape.
 */
public final class AgentMetrics {
    private static final double NANOS = 1e9;

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    /** The registry itself keeps what it asks only weakly, and would forget it silently. */
    private final List<Object> asked = new ArrayList<>();

    private Optional<LedgerMetrics> ledger = Optional.empty();

    /** What is known without any room: the process and its heap. */
    public AgentMetrics() {
        this(Path.of("/proc/self"));
    }

    AgentMetrics(Path proc) {
        ProcessFigures process = new ProcessFigures(proc);
        Of<ProcessFigures> of = new Of<>(process, "process");
        of.gauge("resident.memory.bytes", "Memory in RAM.", ProcessFigures::residentBytes);
        of.gauge(
                "resident.anonymous.memory.bytes",
                "Memory in RAM without mapped files.",
                ProcessFigures::residentAnonymousBytes);
        of.counter("cpu.seconds", "Time on CPUs.", ProcessFigures::cpuSeconds);
        of.gauge("open.fds", "Open file descriptors.", ProcessFigures::openDescriptors);
        of.gauge("start.time.seconds", "Start since 1970.", ProcessFigures::startSeconds);

        Of<Runtime> jvm = new Of<>(Runtime.getRuntime(), "jvm.heap");
        jvm.gauge("used.bytes", "Heap in use, garbage too.", r -> r.totalMemory() - r.freeMemory());
        jvm.gauge("committed.bytes", "Heap taken from the system.", Runtime::totalMemory);
        jvm.gauge("max.bytes", "Most heap there can be (-Xmx).", Runtime::maxMemory);
    }

    /** Adds what the tail has done. */
    public void bind(TailStats stats) {
        Of<TailStats> of = new Of<>(stats, "sluice.tail");
        of.counter("read.bytes", "Bytes read from log files.", s -> s.readBytes.sum());
        of.counter("chunks", "Chunks handed to the ring.", s -> s.chunks.sum());
        of.counter("ring.full", "Times the ring had no free chunk.", s -> s.ringFull.sum());
        of.counter(
                "inotify.overflows",
                "Times the kernel dropped file events; everything was scanned then.",
                s -> s.inotifyOverflows.sum());
        of.counter(
                "watch.failures",
                "Times a directory could not be watched for want of inotify watches.",
                s -> s.watchFailures.sum());
        of.counter(
                "instance.failures",
                "Times the kernel gave no inotify instance.",
                s -> s.instanceFailures.sum());
        of.counter(
                "descriptor.failures",
                "Times a log file could not be opened for want of file descriptors.",
                s -> s.descriptorFailures.sum());
        for (Loss.Cause cause : Loss.Cause.values()) {
            of.counter(
                    "lost.bytes",
                    "Bytes lost before they were read, as far as their number is known.",
                    s -> s.lostBytes(cause),
                    "cause",
                    label(cause));
        }
        of.counter(
                "gaps",
                "Times an unknown number of bytes was lost before it was read, or may have been.",
                s -> s.gaps.sum());
        of.counter(
                "truncations",
                "Files that were shortened or written over while they were followed.",
                s -> s.truncations.sum());
        of.counter(
                "damaged.files",
                "Compressed files that could not be inflated to their end.",
                s -> s.damagedFiles.sum());
        of.counter(
                "generations.drained",
                "Rotated files read to their end.",
                s -> s.generationsDrained.sum());
        of.counter(
                "unreadable",
                "Files and directories that could not be opened or read.",
                s -> s.unreadable.sum());
        of.gauge("open.files", "Log files held open.", TailStats::openFiles);
        of.gauge("sources", "Containers and files followed.", TailStats::sources);
        of.gauge("watches", "inotify watches in use.", TailStats::watches);
        of.gauge("backlog.bytes", "Bytes on disk not read yet.", TailStats::backlogBytes);
        of.gauge(
                "pinned.bytes",
                "Disk that deleted files take because they are not read to their end.",
                TailStats::pinnedBytes);
    }

    /** Adds what the pipeline has done. */
    public void bind(PipelineStats stats) {
        Of<PipelineStats> of = new Of<>(stats, "sluice.pipeline");
        of.counter("read.bytes", "Bytes taken from the ring.", PipelineStats::bytesIn);
        of.counter("records", "Records made of them.", PipelineStats::records);
        of.counter("documents", "Documents given to the buffer.", PipelineStats::documents);
        for (PipelineStats.BatchClose reason : PipelineStats.BatchClose.values()) {
            of.counter(
                    "batches",
                    "Batches given to the buffer, by why they were closed.",
                    s -> s.batches(reason),
                    "reason",
                    label(reason));
        }
        of.counter(
                "uncompressed.bytes",
                "NDJSON given to the buffer, before compression.",
                PipelineStats::uncompressedBytes);
        of.counter(
                "compressed.bytes",
                "NDJSON given to the buffer, after compression.",
                PipelineStats::compressedBytes);
        of.counter(
                "partial.records", "Records whose end never came.", PipelineStats::partialRecords);
        of.counter("truncated.records", "Records that were cut.", PipelineStats::truncatedRecords);
        of.counter(
                "not.cri.records",
                "Lines of containers in no known format, kept as text.",
                PipelineStats::notCriRecords);
        of.counter(
                "unparsed.records",
                "Bodies that looked like JSON and are kept as text.",
                PipelineStats::unparsedRecords);
        of.counter(
                "invalid.utf8.records",
                "Records with bytes that are no UTF-8, replaced.",
                PipelineStats::invalidUtf8Records);
        of.counter(
                "blocked.seconds",
                "Time encoders were held up by the buffer.",
                s -> s.blockedNanos() / NANOS);
        of.gauge(
                "open.record.bytes",
                "Memory of records that are not whole yet.",
                PipelineStats::openRecordBytes);
        of.gauge("ring.used.chunks", "Chunks waiting in the ring.", PipelineStats::ringUsed);
    }

    /** Adds what was asked of the API server. */
    public void bind(KubernetesStats stats) {
        Of<KubernetesStats> of = new Of<>(stats, "sluice.kubernetes");
        of.counter("lists", "Lists of this node's pods.", KubernetesStats::lists);
        of.counter("watches", "Watches opened.", KubernetesStats::watches);
        of.counter("events", "Events about pods.", KubernetesStats::events);
        of.counter("bookmarks", "Bookmarks received.", KubernetesStats::bookmarks);
        of.counter(
                "relists",
                "Times all was listed anew because a watch had expired (410).",
                KubernetesStats::relists);
        for (KubernetesStats.Failure reason : KubernetesStats.Failure.values()) {
            of.counter(
                    "failures",
                    "Requests and watches that failed.",
                    s -> s.failures(reason),
                    "reason",
                    label(reason));
        }
        of.counter("misses", "Questions for a pod not known.", KubernetesStats::misses);
        of.counter(
                "waits.in.vain",
                "Containers read without their pod after metadata.wait.",
                KubernetesStats::waitsInVain);
        of.counter("cache.writes", "Writes of the metadata cache.", KubernetesStats::cacheWrites);
        of.gauge("pods", "Pods known.", KubernetesStats::podsExisting, "state", "existing");
        of.gauge("pods", "Pods known.", KubernetesStats::podsDeleted, "state", "deleted");
    }

    /** Adds what the buffer holds and has done. */
    public void bind(BufferStats stats) {
        Of<BufferStats> of = new Of<>(stats, "sluice.buffer");
        of.counter("appended.excerpts", "Excerpts appended.", BufferStats::appendedExcerpts);
        of.counter(
                "appended.documents",
                "Documents appended, once for each output.",
                BufferStats::appendedDocuments);
        of.counter("appended.bytes", "Bytes appended.", BufferStats::appendedBytes);
        of.counter(
                "appended.again.documents",
                "Documents appended again because they wait while others go on.",
                BufferStats::appendedAgainDocuments);
        of.counter(
                "handed.out.excerpts",
                "Excerpts handed out for delivery.",
                BufferStats::handedOutExcerpts);
        of.counter("deleted.segments", "Segments delivered whole.", BufferStats::deletedSegments);
        of.counter("dropped.segments", "Segments dropped: lost.", BufferStats::droppedSegments);
        of.counter(
                "dropped.documents",
                "Documents in dropped segments: lost.",
                BufferStats::droppedDocuments);
        of.counter(
                "damaged.excerpts",
                "Places where the disk damaged excerpts: lost.",
                BufferStats::damagedExcerpts);
        of.counter(
                "quarantined.segments",
                "Segments that could not be read and were put aside.",
                BufferStats::quarantinedSegments);
        of.counter("forces", "Times data was forced to disk.", BufferStats::forces);
        of.counter("failed.forces", "Times the disk refused that.", BufferStats::failedForces);
        of.counter("force.seconds", "Time that took.", s -> s.forceNanos() / NANOS);
        of.counter(
                "blocked.seconds",
                "Time encoders waited because the buffer was full.",
                s -> s.blockedNanos() / NANOS);
        of.gauge("full", "1 if the last append found no room.", s -> s.full() ? 1 : 0);
        of.gauge("used.bytes", "Disk that segments take.", BufferStats::usedBytes);
        of.gauge("segments", "Segments on disk.", BufferStats::segments);
    }

    /** Adds what delivery has done. */
    public void bind(DeliveryStats stats) {
        Of<DeliveryStats> of = new Of<>(stats, "sluice.delivery");
        of.counter("requests", "Bulk requests sent.", DeliveryStats::requests);
        of.counter("sent.bytes", "Compressed bodies sent.", DeliveryStats::sentBytes);
        of.counter(
                "answered.seconds",
                "Time from request to answer, of all answered requests.",
                s -> s.answeredNanos() / NANOS);
        of.counter(
                "documents",
                "Documents in Elasticsearch, those among them that were there already.",
                DeliveryStats::deliveredDocuments);
        of.counter(
                "already.there.documents",
                "Documents found there under their own id.",
                DeliveryStats::alreadyThereDocuments);
        of.counter(
                "failure.stored.documents",
                "Documents the server put into the failure store.",
                DeliveryStats::failureStoredDocuments);
        of.counter(
                "repaired.documents",
                "Documents changed because they were not taken as they were.",
                DeliveryStats::repairedDocuments);
        of.counter(
                "dead.lettered.documents",
                "Documents given up and kept as dead letters.",
                DeliveryStats::deadLetteredDocuments);
        of.counter(
                "retried.documents",
                "Times the server was too busy for a document.",
                DeliveryStats::retriedDocuments);
        of.counter(
                "waited.documents",
                "Times a document had to wait for something to be put right on the other side.",
                DeliveryStats::waitedDocuments);
        of.counter(
                "postponed.documents",
                "Documents put behind all others in the buffer.",
                DeliveryStats::postponedDocuments);
        of.counter(
                "split.requests",
                "Requests that were too large and were halved.",
                DeliveryStats::splitRequests);
        of.counter(
                "acknowledged.excerpts",
                "Excerpts of the buffer that are done for good.",
                DeliveryStats::acknowledgedExcerpts);
        for (DeliveryStats.Failure reason : DeliveryStats.Failure.values()) {
            of.counter(
                    "failures",
                    "Requests that failed as a whole.",
                    s -> s.failures(reason),
                    "reason",
                    label(reason));
        }
        of.gauge("in.flight.requests", "Requests under way.", DeliveryStats::inFlight);
        of.gauge("limit.requests", "How many requests may be under way now.", DeliveryStats::limit);
        of.gauge("held.excerpts", "Excerpts in memory, sent or waiting.", DeliveryStats::held);
        of.gauge("held.bytes", "What those take, compressed.", DeliveryStats::heldBytes);
        of.gauge(
                "waiting.documents",
                "Documents that wait now for something to be put right on the other side.",
                DeliveryStats::waitingDocumentsNow);
        of.gauge(
                "learned.limit.bytes",
                "How large a request may be, uncompressed, as was learned; 0: nothing was.",
                DeliveryStats::learnedLimitBytes);
        of.gauge(
                "healthy.hosts",
                "Hosts that have not failed since they last answered.",
                DeliveryStats::healthyHosts);
    }

    /** Adds what became of rejected documents. */
    public void bind(DeadLetterStats stats) {
        Of<DeadLetterStats> of = new Of<>(stats, "sluice.dead.letters");
        of.counter("written", "Letters that are safe on disk.", DeadLetterStats::written);
        of.counter("repeated", "Letters that were kept already.", DeadLetterStats::repeated);
        of.counter(
                "dropped",
                "Letters that made room for newer ones, or were too large: lost.",
                DeadLetterStats::dropped);
        of.counter(
                "failed.forces",
                "Times the disk refused to take letters.",
                DeadLetterStats::failedForces);
        of.gauge("kept.bytes", "Disk that letters take.", DeadLetterStats::bytes);
        of.gauge("kept", "Letters on disk.", DeadLetterStats::letters);
    }

    /** Adds the ledger, by namespace. */
    public void bind(Supplier<Books> books) {
        ledger = Optional.of(new LedgerMetrics(registry, books));
    }

    /** All metrics now: Prometheus' text format 0.0.4. */
    public String scrape() {
        ledger.ifPresent(LedgerMetrics::refresh);
        return registry.scrape();
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Metrics that are read from one object and begin with one name. */
    private final class Of<T> {
        private final T source;
        private final String prefix;

        Of(T source, String prefix) {
            this.source = source;
            this.prefix = prefix + ".";
            asked.add(source);
        }

        void counter(String name, String help, ToDoubleFunction<T> value, String... tags) {
            FunctionCounter.builder(prefix + name, source, value)
                    .description(help)
                    .tags(tags)
                    .register(registry);
        }

        void gauge(String name, String help, ToDoubleFunction<T> value, String... tags) {
            Gauge.builder(prefix + name, source, value)
                    .description(help)
                    .tags(tags)
                    .register(registry);
        }
    }
}
