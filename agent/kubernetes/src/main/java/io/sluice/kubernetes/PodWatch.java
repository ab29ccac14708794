package io.sluice.kubernetes;

import static io.sluice.kubernetes.KubernetesStats.Failure.FORBIDDEN;
import static io.sluice.kubernetes.KubernetesStats.Failure.MALFORMED;
import static io.sluice.kubernetes.KubernetesStats.Failure.REFUSED;
import static io.sluice.kubernetes.KubernetesStats.Failure.UNAUTHORIZED;
import static io.sluice.kubernetes.KubernetesStats.Failure.UNEQUIPPED;
import static io.sluice.kubernetes.KubernetesStats.Failure.UNREACHABLE;

import io.sluice.kubernetes.ApiClient.Answer;
import io.sluice.kubernetes.KubernetesHealth.State;
import io.sluice.pipeline.Pod;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.SourceOrigin;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The pods of this node, as the API server tells: one list, then a watch that goes on from there,
 * for ever.
 *
 * <p>The protocol is that of <a
 * href="https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes">API
 * concepts</a>: the list comes from the API server's memory ({@code resourceVersion=0}), bookmarks
 * keep the place of a quiet watch fresh, 410 means that the place is forgotten and all is listed
 * anew.
 *
 * <p>One loop, {@link #run}, on the thread {@code kubernetes}. All else may be called by any thread
 * and never blocks, but {@link #close}. Nothing that the API server does ends the loop, or forgets
 * a pod: documents only go without metadata for pods that appeared meanwhile.
 */
public final class PodWatch implements PodDirectory, AutoCloseable, Runnable {
    private static final System.Logger LOG = System.getLogger("io.sluice.kubernetes");

    /** The watch cache of the API server ignores it; one that reads from etcd does not. */
    private static final int PODS_PER_PAGE = 500;

    private static final int MOST_DELETED_PODS = 1_000;

    /** So many refused watches in a row, and our place may be one that the server never had. */
    private static final int MOST_REFUSED_WATCHES = 3;

    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(5);

    /** What the loop does next. */
    private sealed interface Next {
        /** On with the watch. */
        record GoOn() implements Next {}

        /** List anew: where the watch stood is forgotten. */
        record Relist(String reason) implements Next {}

        /** Something failed: try again, but not at once. */
        record Retry(KubernetesStats.Failure failure, String trouble, Duration atLeast)
                implements Next {}
    }

    private final KubernetesConfig config;
    private final Optional<URI> server;
    private final Timing timing;
    private final RandomGenerator random;
    private final PodStore store = new PodStore(MOST_DELETED_PODS);
    private final KubernetesStats stats = new KubernetesStats(store);
    private final MetadataCache cache;
    private final PodReader reader;
    private final Backoff backoff;
    private final Complaints complaints = new Complaints(System::nanoTime);

    // Owned by the kubernetes thread.
    /** Where the watch goes on; empty for a list first. */
    private String resourceVersion = "";

    private int refusedWatches;
    private long lastSaveNanos;

    // Written by the kubernetes thread, read by any.
    private volatile boolean synced;
    private volatile Optional<Instant> lastContact = Optional.empty();
    private volatile String trouble = "";
    private volatile Thread runner;

    /** Written by the one who closes. */
    private volatile boolean stopping;

    /**
     * @param config where and what; with {@code api: off} this directory is empty and its loop ends
     *     at once
     * @param stateDirectory where the metadata cache is; exists
     * @throws IllegalArgumentException if the API server's address is to come from the environment
     *     and is not there
     */
    public PodWatch(KubernetesConfig config, Path stateDirectory) {
        this(config, stateDirectory, System.getenv(), Timing.DEFAULT, RandomGenerator.getDefault());
    }

    PodWatch(
            KubernetesConfig config,
            Path stateDirectory,
            Map<String, String> environment,
            Timing timing,
            RandomGenerator random) {
        this.config = config;
        this.server =
                config.api() instanceof KubernetesConfig.Api.Off
                        ? Optional.empty()
                        : Optional.of(config.server(environment));
        this.timing = timing;
        this.random = random;
        this.cache = new MetadataCache(stateDirectory, config);
        this.reader = new PodReader(config);
        this.backoff = new Backoff(timing.leastBackoff(), timing.mostBackoff(), random);
    }

    /** Starts {@link #run} on a thread of its own, called {@code kubernetes}. */
    public void start() {
        Thread.ofPlatform().name("kubernetes").daemon().start(this);
    }

    /** Lists and watches until {@link #close}, or until its thread is interrupted. */
    @Override
    public void run() {
        if (isOff()) {
            return;
        }
        runner = Thread.currentThread();
        store.restore(cache.load());
        lastSaveNanos = System.nanoTime();
        try (ApiClient client =
                new ApiClient(
                        config, server.orElseThrow(), timing.answer(), this::saveIfDue, reader)) {
            if (client.keepsTokenBack()) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "api is "
                                + server.orElseThrow()
                                + ", which is not encrypted: the token is not sent there; use"
                                + " https://, or kubectl proxy on a loopback address");
            }
            while (!stopping) {
                Next next = resourceVersion.isEmpty() ? list(client) : watch(client);
                switch (next) {
                    case Next.GoOn() -> {}
                    case Next.Relist(String reason) -> relist(reason);
                    case Next.Retry retry -> retry(client, retry);
                }
                saveIfDue();
            }
        } catch (InterruptedException _) {
            LOG.log(System.Logger.Level.DEBUG, "the watch of pods stops");
        } finally {
            // An interrupted thread cannot write to a channel.
            boolean interrupted = Thread.interrupted();
            save();
            runner = null;
            if (interrupted && !stopping) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // --- list ---

    private Next list(ApiClient client) throws InterruptedException {
        List<KnownPod> pods = new ArrayList<>();
        String from = "";
        String page = "";
        do {
            // Only the first page can come from the API server's memory.
            String path =
                    pods()
                            + "&limit="
                            + PODS_PER_PAGE
                            + (page.isEmpty()
                                    ? "&resourceVersion=0"
                                    : "&continue=" + encoded(page));
            switch (client.get(path, timing.listSilence())) {
                case Answer.Ok(ReplyBody body) -> {
                    Page read = new Page(pods);
                    Optional<Next> failed = readPage(body, read);
                    if (failed.isPresent()) {
                        return failed.get();
                    }
                    // Pages after the first show the same moment, or a later one.
                    from = from.isEmpty() ? read.resourceVersion : from;
                    page = read.next;
                }
                case Answer other -> {
                    return failed(other, "list");
                }
            }
        } while (!page.isEmpty());
        store.replaceAll(pods);
        resourceVersion = from;
        stats.lists.increment();
        contact();
        if (!synced) {
            synced = true;
            LOG.log(
                    System.Logger.Level.INFO,
                    "knows " + pods.size() + " pods of node " + config.nodeName());
        }
        return new Next.GoOn();
    }

    /** One page of the list while it is read. */
    private static final class Page {
        final List<KnownPod> pods;
        String resourceVersion = "";
        String next = "";

        Page(List<KnownPod> pods) {
            this.pods = pods;
        }
    }

    private Optional<Next> readPage(ReplyBody body, Page page) throws InterruptedException {
        try (JsonParser json = reader.open(body)) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                PodReader.forEachMemberInside(json, member -> readPageMember(json, member, page));
            }
        } catch (JacksonException e) {
            return Optional.of(broken(e, "list"));
        }
        if (page.resourceVersion.isEmpty()) {
            return Optional.of(
                    new Next.Retry(
                            MALFORMED,
                            server()
                                    + " answers, but not with a list of pods; check kubernetes.api",
                            Duration.ZERO));
        }
        return Optional.empty();
    }

    private void readPageMember(JsonParser json, String member, Page page) {
        switch (member) {
            case "items" ->
                    PodReader.forEachObject(
                            json, _ -> reader.read(json).pod().ifPresent(page.pods::add));
            case "metadata" ->
                    PodReader.forEachMember(
                            json,
                            key -> {
                                switch (key) {
                                    case "resourceVersion" ->
                                            page.resourceVersion = PodReader.text(json);
                                    case "continue" -> page.next = PodReader.text(json);
                                    default -> PodReader.skip(json);
                                }
                            });
            default -> PodReader.skip(json);
        }
    }

    // --- watch ---

    private Next watch(ApiClient client) throws InterruptedException {
        long seconds =
                random.nextLong(
                        timing.shortestWatch().toSeconds(), timing.longestWatch().toSeconds() + 1);
        Duration longestSilence = Duration.ofSeconds(seconds).plus(timing.watchSlack());
        String path =
                pods()
                        + "&watch=true&allowWatchBookmarks=true&resourceVersion="
                        + encoded(resourceVersion)
                        + "&timeoutSeconds="
                        + seconds;
        return switch (client.get(path, longestSilence)) {
            case Answer.Ok(ReplyBody body) -> {
                stats.watches.increment();
                contact();
                yield readEvents(body);
            }
            case Answer other -> failed(other, "watch");
        };
    }

    private Next readEvents(ReplyBody body) throws InterruptedException {
        long opened = System.nanoTime();
        boolean heard = false;
        try (JsonParser json = reader.open(body)) {
            while (json.nextToken() == JsonToken.START_OBJECT) {
                Event event = readEvent(json);
                Optional<Next> end = apply(event, body);
                if (end.isPresent()) {
                    return end.get();
                }
                heard = true;
            }
            if (json.currentToken() != null) {
                return malformed("watch", "an event is no JSON object");
            }
        } catch (JacksonException e) {
            return broken(e, "watch");
        }
        // It ended as agreed, unless it ended before it began: some proxies do that for ever.
        if (!heard && System.nanoTime() - opened < timing.leastBackoff().toNanos()) {
            return new Next.Retry(
                    UNREACHABLE,
                    server()
                            + " ends each watch of pods at once; check whether a proxy between here"
                            + " and there lets long answers through",
                    Duration.ZERO);
        }
        worked();
        return new Next.GoOn();
    }

    private record Event(String type, ApiObject object) {}

    private Event readEvent(JsonParser json) {
        String type = "";
        ApiObject object = new ApiObject(Optional.empty(), "", 0, "");
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            switch (json.currentName()) {
                case "type" -> type = PodReader.text(json);
                case "object" -> {
                    if (json.nextToken() == JsonToken.START_OBJECT) {
                        object = reader.read(json);
                    } else {
                        json.skipChildren();
                    }
                }
                default -> PodReader.skip(json);
            }
        }
        return new Event(type, object);
    }

    /** Takes one event in; answers what comes next if the watch ends with it. */
    private Optional<Next> apply(Event event, ReplyBody body) {
        ApiObject object = event.object();
        switch (event.type()) {
            case "ADDED", "MODIFIED" -> {
                stats.events.increment();
                object.pod().ifPresent(store::put);
            }
            case "DELETED" -> {
                stats.events.increment();
                object.pod().ifPresent(store::delete);
            }
            case "BOOKMARK" -> {
                stats.bookmarks.increment();
                // This server sends signs of life: their absence means something from now on.
                body.longestSilence(timing.bookmarkSilence());
            }
            case "ERROR" -> {
                return Optional.of(
                        object.code() == 410
                                ? new Next.Relist(object.message())
                                : listAfter(
                                        REFUSED,
                                        server()
                                                + " ended the watch of pods with an error ("
                                                + object.code()
                                                + " "
                                                + object.message()
                                                + ")"));
            }
            default -> {
                return Optional.of(malformed("watch", "an event has the type " + event.type()));
            }
        }
        if (!object.resourceVersion().isEmpty()) {
            resourceVersion = object.resourceVersion();
        }
        contact();
        worked();
        return Optional.empty();
    }

    // --- what can go wrong ---

    private Next failed(Answer answer, String verb) {
        return switch (answer) {
            case Answer.Ok _ -> throw new IllegalArgumentException("did not fail");
            case Answer.Unreachable(String reason) ->
                    new Next.Retry(UNREACHABLE, reason, Duration.ZERO);
            case Answer.Unequipped(String reason) ->
                    new Next.Retry(UNEQUIPPED, reason, Duration.ZERO);
            case Answer.Refused(int status, String message, Duration wish) ->
                    refused(verb, status, message, wish);
        };
    }

    private Next refused(String verb, int status, String message, Duration retryAfter) {
        String said = " (" + status + (message.isEmpty() ? "" : " " + message) + ")";
        return switch (status) {
            case 410 -> new Next.Relist(message);
            case 401 ->
                    new Next.Retry(
                            UNAUTHORIZED,
                            server()
                                    + " does not accept the agent's token"
                                    + said
                                    + "; check that "
                                    + tokenName()
                                    + " holds a valid token of this cluster",
                            retryAfter);
            case 403 ->
                    new Next.Retry(
                            FORBIDDEN,
                            server()
                                    + " does not let the agent "
                                    + verb
                                    + " pods"
                                    + said
                                    + "; give its service account the verbs list and watch on pods"
                                    + " (API group \"\") by a ClusterRole and a ClusterRoleBinding",
                            retryAfter);
            default -> {
                String trouble = server() + " refuses to " + verb + " pods" + said;
                // After a restore of etcd our place can be one that is yet to come (504).
                if (verb.equals("watch") && ++refusedWatches >= MOST_REFUSED_WATCHES) {
                    refusedWatches = 0;
                    yield listAfter(REFUSED, trouble);
                }
                yield new Next.Retry(REFUSED, trouble, retryAfter);
            }
        };
    }

    private String tokenName() {
        return switch (config.credentials()) {
            case KubernetesConfig.Credentials.TokenFile(Path path) -> "tokenFile " + path;
            case KubernetesConfig.Credentials.Token _ -> "the kubeconfig";
            case KubernetesConfig.Credentials.Anonymous() -> "tokenFile (none is set)";
        };
    }

    /** Reading an answer failed. What was read of a watch is valid; it goes on from there. */
    private Next broken(JacksonException failure, String verb) throws InterruptedException {
        if (Thread.currentThread().isInterrupted()) {
            throw (InterruptedException) new InterruptedException().initCause(failure);
        }
        return switch (failure) {
            case JacksonIOException _, UnexpectedEndOfInputException _ ->
                    new Next.Retry(
                            UNREACHABLE,
                            "the connection to "
                                    + server()
                                    + " broke while it answered a "
                                    + verb
                                    + " of pods ("
                                    + Reasons.of(failure)
                                    + ")",
                            Duration.ZERO);
            default -> malformed(verb, Reasons.of(failure));
        };
    }

    private Next malformed(String verb, String reason) {
        return listAfter(
                MALFORMED,
                server()
                        + " answers a "
                        + verb
                        + " of pods with what is no answer ("
                        + reason
                        + "); check kubernetes.api, and what stands between here and there");
    }

    private Next listAfter(KubernetesStats.Failure failure, String trouble) {
        resourceVersion = "";
        return new Next.Retry(failure, trouble, Duration.ZERO);
    }

    private void relist(String reason) throws InterruptedException {
        LOG.log(
                System.Logger.Level.DEBUG,
                "lists all pods anew: the place of the watch is forgotten (" + reason + ")");
        stats.relists.increment();
        if (resourceVersion.isEmpty()) {
            // A list may answer so, too, when its pages take too long.
            Thread.sleep(backoff.next());
        }
        resourceVersion = "";
        // An API server that starts anew forgets the places of all nodes at once.
        Thread.sleep(Duration.ofNanos(random.nextLong(timing.relistJitter().toNanos() + 1)));
    }

    private void retry(ApiClient client, Next.Retry retry) throws InterruptedException {
        stats.failed(retry.failure());
        if (retry.failure() == UNAUTHORIZED && client.tokenChanged()) {
            return; // The token was renewed between our reading it and the server's.
        }
        trouble = retry.trouble();
        complaints.failed(retry.failure(), retry.trouble());
        Duration step = backoff.next();
        Thread.sleep(step.compareTo(retry.atLeast()) > 0 ? step : retry.atLeast());
    }

    /** The API server answers as hoped. */
    private void contact() {
        lastContact = Optional.of(Instant.now());
        trouble = "";
    }

    /**
     * And we got somewhere by it. A list alone is not enough: else a server whose watches always
     * fail would be asked for everything twice a second.
     */
    private void worked() {
        refusedWatches = 0;
        backoff.reset();
        complaints.worked();
    }

    // --- the metadata cache ---

    /**
     * Writes the cache if it is time. Answers in how many nanoseconds it wants to be asked again.
     */
    private long saveIfDue() {
        long interval = timing.cacheInterval().toNanos();
        long waited = System.nanoTime() - lastSaveNanos;
        if (waited >= interval) {
            save();
            waited = 0;
        }
        return interval - waited;
    }

    private void save() {
        lastSaveNanos = System.nanoTime();
        if (!store.changed()) {
            return;
        }
        try {
            cache.save(store.snapshot());
            stats.cacheWrites.increment();
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the metadata cache cannot be written ("
                            + Reasons.of(e)
                            + "); check the state directory. Until then a restart without the API"
                            + " server knows older pods only");
        }
    }

    // --- requests ---

    private String pods() {
        return "/api/v1/pods?fieldSelector=spec.nodeName%3D" + encoded(config.nodeName());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private String server() {
        return "the API server " + server.map(URI::toString).orElse("");
    }

    // --- what others ask, from any thread ---

    /**
     * The pod of a container's path: by its UID, or by the hash of a static pod's manifest; never
     * another pod of the same name. Deleted pods are found until {@link #forget}.
     */
    @Override
    public Optional<Pod> find(SourceOrigin.Container origin) {
        Optional<Pod> pod = store.find(origin);
        if (pod.isEmpty()) {
            stats.misses.increment();
        }
        return pod;
    }

    /** As {@link #find}, uncounted. */
    boolean knows(SourceOrigin.Container origin) {
        return store.find(origin).isPresent();
    }

    /**
     * No source of this pod is read any longer. A deleted pod is forgotten; one that still exists
     * stays. To be called when the last of a pod's sources has ended; a second call does no harm.
     *
     * @param podUid as the path has it: {@link SourceOrigin.Container#podUid}
     */
    public void forget(String podUid) {
        store.forget(podUid);
    }

    /** Whether the list of pods was complete once since the start; true if {@code api} is off. */
    public boolean isSynced() {
        return synced || isOff();
    }

    /** The first list is under way: neither answered nor failed. */
    boolean isStarting() {
        return !isSynced() && trouble.isEmpty();
    }

    boolean isOff() {
        return server.isEmpty();
    }

    /** For {@code /readyz} and the status page. */
    public KubernetesHealth health() {
        String now = trouble;
        State state;
        if (isOff()) {
            state = State.OFF;
        } else if (!now.isEmpty()) {
            state = State.FAILING;
        } else {
            state = synced ? State.WATCHING : State.STARTING;
        }
        return new KubernetesHealth(state, lastContact, now);
    }

    /** What is counted here. */
    public KubernetesStats stats() {
        return stats;
    }

    /** Ends the loop, waits for it up to five seconds; it writes the metadata cache at its end. */
    @Override
    public void close() {
        stopping = true;
        Thread running = runner;
        if (running == null || running == Thread.currentThread()) {
            return;
        }
        running.interrupt();
        try {
            running.join(LONGEST_CLOSE);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
