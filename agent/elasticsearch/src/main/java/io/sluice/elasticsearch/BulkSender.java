package io.sluice.elasticsearch;

import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetters;
import io.sluice.buffer.Excerpt;
import io.sluice.buffer.ExcerptOutcome;
import io.sluice.buffer.Outbox;
import io.sluice.elasticsearch.BulkRequest.Delivery;
import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.elasticsearch.Troubles.Kind;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.DocumentId;
import io.sluice.pipeline.Runs;

import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Delivers the buffer's excerpts: one excerpt is one bulk request, several are under way at a time,
 * answers are read item by item, and the acknowledged index moves over the contiguous prefix of
 * what is done.
 *
 * <p>Nothing is ever dropped here: what cannot be delivered waits, or is kept as a dead letter when
 * it is the document's own fault by name ({@link Outcome}).
 *
 * <p>Thread: {@code deliver} runs everything but what is said to be for any thread; the client's
 * threads leave their answers in a queue and wake it.
 */
public final class BulkSender implements Runnable, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.elasticsearch");

    /** Most requests under way. */
    private static final int MOST_IN_FLIGHT = 4;

    /** Most excerpts in memory that are not done: under way, or waiting to be sent again. */
    private static final int MOST_HELD = 8;

    private static final int ANSWER_TIMEOUT_MILLIS = 60_000;

    /** Items that waited so often make way for others, if others go on. */
    private static final int TRIES_BEFORE_POSTPONED = 5;

    /** A connection that breaks so often on the same request may break for its size. */
    private static final int BREAKS_BEFORE_SPLIT = 3;

    /** What a document keeps of each text when the server finds it too large. */
    private static final int KEPT_CHARACTERS = 32 * 1024;

    private static final long LEAST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long MOST_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BUSY_IS_TROUBLE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final ElasticsearchConfig config;
    private final Outbox outbox;
    private final DeadLetters letters;
    private final LongSupplier nanoClock;
    private final BulkClient client;
    private final DeliveryStats stats = new DeliveryStats();
    private final Troubles troubles;
    private final InFlightLimit limit = new InFlightLimit(MOST_IN_FLIGHT);
    private final Thread thread = new Thread(this, "deliver");

    /** Filled by the client's threads. */
    private final Queue<Returned> returned = new ConcurrentLinkedQueue<>();

    /** Excerpts in order, until they are acknowledged. */
    private final ArrayDeque<Delivery> deliveries = new ArrayDeque<>();

    private final PriorityQueue<BulkRequest> waiting =
            new PriorityQueue<>(
                    Comparator.comparingLong((BulkRequest request) -> request.dueNanos));

    private int inFlight;

    /** Deliveries that are not done. */
    private int held;

    /** Requests that wait for something to be put right on the other side. */
    private int waitingRequests;

    /** Requests that came back well since the start. */
    private long successes;

    /** Requests in a row that failed as a whole. */
    private int failuresInARow;

    /** Nothing is sent before this, because requests fail as a whole. */
    private long pausedUntilNanos;

    private long busySinceNanos;
    private int learnedLimitBytes = Integer.MAX_VALUE;

    /** Letters that are not known to be on the disk: written again when the disk refused. */
    private final List<DeadLetter> unforcedLetters = new ArrayList<>();

    private long forceAgainNanos;
    private int forceFailures;

    /** Written by {@code deliver}; read by any thread. */
    private volatile long lastAnswerNanos;

    /** Nothing was left at the last look; by {@code deliver}. */
    private volatile boolean idle;

    /** By any thread. */
    private volatile boolean stopped;

    private record Returned(BulkRequest request, Answer answer, long atNanos) {}

    /**
     * @param outbox its deliver thread will be this sender's
     * @param letters where rejected documents go
     */
    public BulkSender(ElasticsearchConfig config, Outbox outbox, DeadLetters letters) {
        this(config, outbox, letters, System::nanoTime, ANSWER_TIMEOUT_MILLIS);
    }

    BulkSender(
            ElasticsearchConfig config,
            Outbox outbox,
            DeadLetters letters,
            LongSupplier nanoClock,
            int answerTimeoutMillis) {
        this.config = config;
        this.outbox = outbox;
        this.letters = letters;
        this.nanoClock = nanoClock;
        this.client = new BulkClient(config, MOST_IN_FLIGHT, answerTimeoutMillis, nanoClock);
        this.troubles = new Troubles(nanoClock);
        this.lastAnswerNanos = nanoClock.getAsLong();
        this.pausedUntilNanos = lastAnswerNanos;
    }

    /** Starts the thread {@code deliver}. Once. */
    public void start(Consumer<Throwable> failed) {
        thread.setUncaughtExceptionHandler((_, failure) -> failed.accept(failure));
        thread.start();
    }

    @Override
    public void run() {
        try {
            setUpTemplate();
            while (!stopped) {
                takeAnswers();
                acknowledgeWhatIsDone();
                sendWhatIsDue();
                noteWhetherIdle();
                outbox.await(nanosToWait());
            }
        } catch (InterruptedException _) {
            // The agent stops: what is not acknowledged is sent by its next start.
        } finally {
            client.close();
        }
    }

    private void noteWhetherIdle() {
        idle = deliveries.isEmpty() && outbox.isEmpty();
        if (idle) {
            // What comes next begins to wait now, not when the last answer came.
            lastAnswerNanos = nanoClock.getAsLong();
        }
    }

    // --- the index template ---

    private void setUpTemplate() throws InterruptedException {
        if (config.setupTemplate() == SetupTemplate.LEAVE) {
            return;
        }
        IndexTemplate template = new IndexTemplate(config.dataset());
        for (int tries = 0; !stopped; tries++) {
            if (isSetUp(template)) {
                return;
            }
            long dueNanos = nanoClock.getAsLong() + backoffNanos(tries);
            while (!stopped && dueNanos - nanoClock.getAsLong() > 0) {
                outbox.await(dueNanos - nanoClock.getAsLong());
            }
        }
    }

    /** True, too, when it is refused for good: then documents go where the server puts them. */
    private boolean isSetUp(IndexTemplate template) throws InterruptedException {
        Answer present = client.call("GET", template.versionPath(), "");
        if (present instanceof Answer.Answered answered && IndexTemplate.isCurrent(answered)) {
            cleared(Kind.CONNECTION, Kind.TEMPLATE);
            return true;
        }
        Answer answer =
                present instanceof Answer.Answered
                        ? client.call("PUT", template.path(), template.json())
                        : present;
        lastAnswerNanos = nanoClock.getAsLong();
        return switch (answer) {
            case Answer.Answered(int status, byte[] _) when status / 100 == 2 -> {
                cleared(Kind.CONNECTION, Kind.TEMPLATE);
                LOG.log(System.Logger.Level.INFO, "put the index template {0}", template.name());
                yield true;
            }
            case Answer.Answered(int status, byte[] body) when status == 429 || status >= 500 -> {
                stats.failed(Failure.BUSY);
                troubles.raise(
                        Kind.TEMPLATE,
                        "the index template "
                                + template.name()
                                + " is not there yet: Elasticsearch answers "
                                + status
                                + ", "
                                + errorOf(body));
                yield false;
            }
            case Answer.Answered(int status, byte[] body) when status == 401 -> {
                stats.failed(Failure.FORBIDDEN);
                troubles.raise(Kind.TEMPLATE, permission(status, errorOf(body)));
                yield false;
            }
            case Answer.Answered(int status, byte[] body) -> {
                stats.failed(status == 403 ? Failure.FORBIDDEN : Failure.REFUSED);
                LOG.log(
                        System.Logger.Level.WARNING,
                        "Elasticsearch refuses the index template {0} with {1}, {2}; documents go"
                                + " on under the templates that are there. Grant the privilege"
                                + " manage_index_templates, or put the template yourself and set"
                                + " elasticsearch.setupTemplate to false",
                        template.name(),
                        status,
                        errorOf(body));
                cleared(Kind.CONNECTION, Kind.TEMPLATE);
                yield true;
            }
            case Answer.NotSent(String reason) -> {
                stats.failed(Failure.UNREACHABLE);
                troubles.raise(Kind.CONNECTION, unreachable(reason));
                yield false;
            }
            case Answer.Broken(String reason) -> {
                stats.failed(Failure.BROKEN);
                troubles.raise(Kind.CONNECTION, unreachable(reason));
                yield false;
            }
        };
    }

    // --- answers ---

    private void takeAnswers() {
        for (Returned next = returned.poll(); next != null; next = returned.poll()) {
            inFlight--;
            stats.inFlight = inFlight;
            lastAnswerNanos = nanoClock.getAsLong();
            BulkRequest request = next.request;
            switch (next.answer) {
                case Answer.Answered(int status, byte[] body) -> {
                    stats.answeredNanos.add(next.atNanos - request.sentNanos);
                    if (status == 200) {
                        takeItems(request, body, next.atNanos);
                    } else {
                        takeRefusal(request, status, errorOf(body));
                    }
                }
                case Answer.NotSent(String reason) -> {
                    stats.failed(Failure.UNREACHABLE);
                    troubles.raise(Kind.CONNECTION, unreachable(reason));
                    pause(request);
                }
                case Answer.Broken(String reason) -> {
                    stats.failed(Failure.BROKEN);
                    takeBreak(request, reason);
                }
            }
        }
    }

    private void takeItems(BulkRequest request, byte[] body, long atNanos) {
        BulkAnswer answer;
        try {
            answer = BulkAnswer.parse(body);
            if (answer.items() != request.documents) {
                throw new BulkAnswer.MalformedException(
                        "the answer has "
                                + answer.items()
                                + " items for "
                                + request.documents
                                + " documents");
            }
        } catch (BulkAnswer.MalformedException e) {
            // What became of the documents is unknown; their ids make it safe to send them again.
            stats.failed(Failure.MALFORMED);
            takeBreak(request, e.getMessage());
            return;
        }
        failuresInARow = 0;
        pausedUntilNanos = nanoClock.getAsLong();
        cleared(Kind.CONNECTION, Kind.PERMISSION);
        stats.deliveredDocuments.add(answer.created());
        stats.failureStoredDocuments.add(answer.failureStored());
        if (request.originals.isPresent()) {
            for (int number : request.numbers) {
                // Of those with a fault more will be said.
                request.delivery.outcome.repaired(number);
            }
        }
        if (answer.faults().isEmpty()) {
            done(request);
            succeeded(request, atNanos);
        } else {
            takeFaults(request, answer.faults(), atNanos);
        }
    }

    private void succeeded(BulkRequest request, long atNanos) {
        successes++;
        limit.answered(inFlight + 1, request.uncompressedBytes, request.sentNanos, atNanos);
        cleared(Kind.BUSY);
        busySinceNanos = 0;
        if (waitingRequests == 0) {
            cleared(Kind.INDEX);
        }
    }

    private void takeFaults(BulkRequest request, List<BulkAnswer.Fault> faults, long atNanos) {
        Sorted again = new Sorted();
        Sorted repaired = new Sorted();
        BulkBody body = BulkBody.decode(request.gzip);
        int done = request.documents - faults.size();
        boolean busy = false;
        boolean waits = false;
        for (BulkAnswer.Fault fault : faults) {
            BulkBody.Item item = body.items().get(fault.item());
            int number = request.numbers[fault.item()];
            Optional<BulkBody.Item> original =
                    request.originals.map(originals -> originals.items().get(fault.item()));
            switch (Outcome.of(fault.status(), fault.error())) {
                case ALREADY_THERE -> {
                    stats.deliveredDocuments.increment();
                    stats.alreadyThereDocuments.increment();
                    request.delivery.outcome.alreadyThere(number);
                    done++;
                }
                case RETRY -> {
                    stats.retriedDocuments.increment();
                    busy = true;
                    again.add(number, item, original);
                }
                case WAIT -> {
                    stats.waitedDocuments.increment();
                    waits = true;
                    troubles.raise(Kind.INDEX, waiting(request, fault));
                    again.add(number, item, original);
                }
                case DOCUMENT -> {
                    Optional<byte[]> better =
                            original.isPresent()
                                    ? Optional.empty()
                                    : DocumentRepair.repair(item.document(), fault.error());
                    if (better.isPresent()) {
                        repaired.add(
                                number,
                                new BulkBody.Item(item.action(), better.get()),
                                Optional.of(item));
                    } else {
                        bury(request, number, original.orElse(item), fault.status(), fault.error());
                        done++;
                    }
                }
            }
        }
        if (done > 0 || !repaired.isEmpty()) {
            successes++;
        }
        if (busy) {
            limit.busy(request.sentNanos, nanoClock.getAsLong());
            raiseBusy("it is too busy for some documents (429)");
        }
        request.delivery.open += (again.isEmpty() ? 0 : 1) + (repaired.isEmpty() ? 0 : 1);
        if (!again.isEmpty()) {
            BulkRequest rest = request.part(again.body(), again.originals(), again.numbers());
            if (waits) {
                markWaiting(rest);
            }
            sendAgain(rest);
        }
        if (!repaired.isEmpty()) {
            stats.repairedDocuments.add(repaired.size());
            BulkRequest better =
                    BulkRequest.of(
                            request.delivery,
                            repaired.body(),
                            repaired.originals(),
                            repaired.numbers());
            better.dueNanos = nanoClock.getAsLong();
            waiting.add(better);
        }
        done(request);
        if (!busy && !waits) {
            succeeded(request, atNanos);
        }
    }

    private void markWaiting(BulkRequest request) {
        request.waits = true;
        waitingRequests++;
    }

    /** Documents on their way to the next request, with what they were before a repair. */
    private static final class Sorted {
        private final List<BulkBody.Item> items = new ArrayList<>();
        private final List<BulkBody.Item> before = new ArrayList<>();
        private final IntStream.Builder numbers = IntStream.builder();

        void add(int number, BulkBody.Item item, Optional<BulkBody.Item> original) {
            numbers.add(number);
            items.add(item);
            original.ifPresent(before::add);
        }

        boolean isEmpty() {
            return items.isEmpty();
        }

        int size() {
            return items.size();
        }

        BulkBody body() {
            return new BulkBody(items);
        }

        int[] numbers() {
            return numbers.build().toArray();
        }

        Optional<BulkBody> originals() {
            return before.isEmpty() ? Optional.empty() : Optional.of(new BulkBody(before));
        }
    }

    /** Some items wait: later, or behind all others if others go on meanwhile. */
    private void sendAgain(BulkRequest request) {
        request.tries++;
        if (request.successesAtFailure < 0) {
            request.successesAtFailure = successes;
        }
        boolean othersGoOn = successes > request.successesAtFailure;
        boolean nobodyCan = held >= MOST_HELD && inFlight == 0;
        if (request.tries >= TRIES_BEFORE_POSTPONED && (othersGoOn || nobodyCan)) {
            BulkBody body = request.originals.orElseGet(() -> BulkBody.decode(request.gzip));
            ByteBuffer gzip = request.originals.isPresent() ? body.encode() : request.gzip;
            outbox.appendAgain(
                    request.delivery.index,
                    request.numbers,
                    body.items().stream().mapToInt(BulkSender::idBytes).toArray(),
                    new Batch.Body(
                            request.delivery.target,
                            request.documents,
                            body.uncompressedBytes(),
                            gzip,
                            new Runs()));
            stats.postponedDocuments.add(request.documents);
            done(request);
            return;
        }
        request.dueNanos = nanoClock.getAsLong() + backoffNanos(request.tries);
        waiting.add(request);
    }

    // --- requests that failed as a whole ---

    private void takeRefusal(BulkRequest request, int status, BulkAnswer.ServerError error) {
        if (status == 413) {
            stats.failed(Failure.TOO_LARGE);
            learnedLimitBytes = Math.min(learnedLimitBytes, halfOf(request.uncompressedBytes));
            split(request, status, error);
        } else if (status == 401 || status == 403) {
            stats.failed(Failure.FORBIDDEN);
            troubles.raise(Kind.PERMISSION, permission(status, error));
            pause(request);
        } else if (status == 429 || status >= 500) {
            stats.failed(Failure.BUSY);
            limit.busy(request.sentNanos, nanoClock.getAsLong());
            raiseBusy("it answers " + status + ", " + error);
            pause(request);
        } else if (Outcome.of(status, error) == Outcome.DOCUMENT) {
            // The request is not understood, for one of its documents: look for it.
            stats.failed(Failure.REFUSED);
            split(request, status, error);
        } else {
            stats.failed(Failure.REFUSED);
            troubles.raise(
                    Kind.INDEX,
                    "Elasticsearch refuses bulk requests for "
                            + request.delivery.target
                            + " with "
                            + status
                            + ", "
                            + error
                            + "; they are sent again until that is put right");
            pause(request);
        }
    }

    private void takeBreak(BulkRequest request, String reason) {
        request.breaks++;
        troubles.raise(
                Kind.CONNECTION, "a request to Elasticsearch got no usable answer: " + reason);
        if (request.breaks < BREAKS_BEFORE_SPLIT) {
            pause(request);
        } else if (request.documents > 1) {
            split(request, 0, new BulkAnswer.ServerError("connection_broken", reason));
        } else if (request.successesAtFailure >= 0 && successes > request.successesAtFailure) {
            // Others get through: it may be this document.
            split(request, 0, new BulkAnswer.ServerError("connection_broken", reason));
        } else {
            if (request.successesAtFailure < 0) {
                request.successesAtFailure = successes;
            }
            pause(request);
        }
    }

    /** The request again, and nothing else before it: what fails as a whole fails for all. */
    private void pause(BulkRequest request) {
        long now = nanoClock.getAsLong();
        // Requests that were under way together fail together: that is one failure.
        if (request.sentNanos - pausedUntilNanos >= 0) {
            pausedUntilNanos = now + backoffNanos(failuresInARow);
            failuresInARow++;
        }
        request.dueNanos = pausedUntilNanos;
        waiting.add(request);
    }

    private void split(BulkRequest request, int status, BulkAnswer.ServerError error) {
        BulkBody body = BulkBody.decode(request.gzip);
        if (request.documents == 1) {
            shorten(request, body.items().getFirst(), status, error);
            return;
        }
        stats.splitRequests.increment();
        int half = request.documents / 2;
        request.delivery.open += 2;
        for (int[] range : new int[][] {{0, half}, {half, request.documents}}) {
            BulkRequest part =
                    request.part(
                            new BulkBody(body.items().subList(range[0], range[1])),
                            request.originals.map(
                                    originals ->
                                            new BulkBody(
                                                    originals.items().subList(range[0], range[1]))),
                            Arrays.copyOfRange(request.numbers, range[0], range[1]));
            if (request.waits) {
                markWaiting(part);
            }
            part.dueNanos = nanoClock.getAsLong();
            waiting.add(part);
        }
        done(request);
    }

    /** One document that is too large by itself: its texts are cut, then it is given up. */
    private void shorten(
            BulkRequest request, BulkBody.Item item, int status, BulkAnswer.ServerError error) {
        Optional<byte[]> shorter =
                request.originals.isPresent()
                        ? Optional.empty()
                        : DocumentRepair.truncate(item.document(), error, KEPT_CHARACTERS);
        if (shorter.isPresent()) {
            stats.repairedDocuments.increment();
            request.delivery.open++;
            BulkRequest better =
                    BulkRequest.of(
                            request.delivery,
                            new BulkBody(List.of(new BulkBody.Item(item.action(), shorter.get()))),
                            Optional.of(new BulkBody(List.of(item))),
                            request.numbers);
            better.dueNanos = nanoClock.getAsLong();
            better.successesAtFailure = request.successesAtFailure;
            waiting.add(better);
        } else {
            BulkBody.Item original =
                    request.originals.map(originals -> originals.items().getFirst()).orElse(item);
            bury(request, request.numbers[0], original, status, error);
        }
        done(request);
    }

    private void bury(
            BulkRequest request,
            int number,
            BulkBody.Item item,
            int status,
            BulkAnswer.ServerError error) {
        int idBytes = idBytes(item);
        DeadLetter letter =
                new DeadLetter(
                        item.id(),
                        request.delivery.target,
                        new String(item.action(), StandardCharsets.UTF_8),
                        new String(item.document(), StandardCharsets.UTF_8),
                        status,
                        error.type(),
                        error.reason(),
                        request.tries + 1,
                        System.currentTimeMillis(),
                        request.delivery.runs.source(number),
                        request.delivery.runs.rawBytes(number, idBytes));
        if (letters.write(letter)) {
            unforcedLetters.add(letter);
            request.delivery.outcome.deadLettered(number, idBytes);
        } else {
            request.delivery.outcome.letterDropped(number, idBytes);
        }
        stats.deadLetteredDocuments.increment();
    }

    private static int idBytes(BulkBody.Item item) {
        return DocumentId.extent(item.id()).orElse(-1);
    }

    private void done(BulkRequest request) {
        if (request.waits) {
            waitingRequests--;
        }
        Delivery delivery = request.delivery;
        delivery.open--;
        if (delivery.open == 0) {
            held--;
            stats.held = held;
        }
    }

    // --- acknowledging ---

    private void acknowledgeWhatIsDone() {
        List<ExcerptOutcome> done = new ArrayList<>();
        for (Delivery delivery : deliveries) {
            if (delivery.open > 0) {
                break;
            }
            done.add(delivery.outcome);
        }
        if (done.isEmpty() || !lettersAreSafe()) {
            return;
        }
        outbox.acknowledge(done.getLast().index(), done);
        stats.acknowledgedExcerpts.add(done.size());
        for (int i = 0; i < done.size(); i++) {
            deliveries.removeFirst();
        }
    }

    private boolean lettersAreSafe() {
        if (unforcedLetters.isEmpty()) {
            return true;
        }
        if (forceFailures > 0 && forceAgainNanos - nanoClock.getAsLong() > 0) {
            return false;
        }
        try {
            if (forceFailures > 0) {
                unforcedLetters.forEach(letters::write);
            }
            letters.force();
        } catch (UncheckedIOException e) {
            forceAgainNanos = nanoClock.getAsLong() + backoffNanos(forceFailures++);
            troubles.raise(
                    Kind.DEAD_LETTERS,
                    "rejected documents cannot be kept ("
                            + Reasons.of(e)
                            + "); nothing is acknowledged until the state directory's disk takes"
                            + " them");
            return false;
        }
        forceFailures = 0;
        unforcedLetters.clear();
        cleared(Kind.DEAD_LETTERS);
        return true;
    }

    // --- sending ---

    private void sendWhatIsDue() {
        long now = nanoClock.getAsLong();
        if (pausedUntilNanos - now > 0) {
            return;
        }
        // After a failure one request goes ahead and finds out whether it is over.
        int allowed = failuresInARow > 0 ? 1 : limit.requests();
        stats.limit = allowed;
        while (inFlight < allowed) {
            BulkRequest due = waiting.peek();
            if (due != null && due.dueNanos - now <= 0) {
                waiting.remove();
                send(due);
                continue;
            }
            if (held >= MOST_HELD) {
                return;
            }
            Optional<Excerpt> next = outbox.next();
            if (next.isEmpty()) {
                return;
            }
            take(next.get());
        }
    }

    private void take(Excerpt excerpt) {
        Delivery delivery = new Delivery(excerpt);
        deliveries.addLast(delivery);
        held++;
        stats.held = held;
        send(BulkRequest.of(delivery, excerpt));
    }

    private void send(BulkRequest request) {
        if (request.uncompressedBytes > learnedLimitBytes && request.documents > 1) {
            split(request, 413, BulkAnswer.ServerError.NONE);
            return;
        }
        inFlight++;
        stats.inFlight = inFlight;
        stats.requests.increment();
        stats.sentBytes.add(request.gzip.remaining());
        request.sentNanos = nanoClock.getAsLong();
        client.bulk(
                request.delivery.target,
                request.gzip,
                answer -> {
                    returned.add(new Returned(request, answer, nanoClock.getAsLong()));
                    outbox.wake();
                });
    }

    private long nanosToWait() {
        long now = nanoClock.getAsLong();
        long wait = IDLE_NANOS;
        if (!returned.isEmpty()) {
            return 0;
        }
        if (pausedUntilNanos - now > 0) {
            return Math.min(wait, pausedUntilNanos - now);
        }
        BulkRequest due = waiting.peek();
        if (due != null && inFlight < limit.requests()) {
            wait = Math.min(wait, due.dueNanos - now);
        }
        if (forceFailures > 0) {
            wait = Math.min(wait, forceAgainNanos - now);
        }
        return Math.max(wait, 0);
    }

    /** Doubles with each failure, half of it by chance. */
    private static long backoffNanos(int failures) {
        long longest =
                Math.min(
                        MOST_BACKOFF_NANOS,
                        LEAST_BACKOFF_NANOS << Math.min(Math.max(0, failures), 20));
        return longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1);
    }

    private static int halfOf(int bytes) {
        return Math.max(1, bytes / 2);
    }

    // --- what is said ---

    private void raiseBusy(String how) {
        long now = nanoClock.getAsLong();
        if (busySinceNanos == 0) {
            busySinceNanos = now;
        } else if (now - busySinceNanos >= BUSY_IS_TROUBLE_NANOS) {
            troubles.raise(
                    Kind.BUSY,
                    "Elasticsearch takes nothing for a while: " + how + "; documents wait");
        }
    }

    private void cleared(Kind... kinds) {
        for (Kind kind : kinds) {
            troubles.clear(kind);
        }
    }

    private String unreachable(String reason) {
        return "Elasticsearch cannot be reached at "
                + config.hosts()
                + ": "
                + reason
                + "; check elasticsearch.hosts, the network and elasticsearch.tls. Documents wait"
                + " in the buffer";
    }

    private static String permission(int status, BulkAnswer.ServerError error) {
        return "Elasticsearch answers "
                + status
                + (status == 401
                        ? ", it does not accept the credentials; check elasticsearch.auth"
                        : ", the credentials lack a privilege; grant auto_configure and"
                                + " create_doc on the data stream")
                + " ("
                + error
                + "). Documents wait in the buffer";
    }

    private static String waiting(BulkRequest request, BulkAnswer.Fault fault) {
        return "documents for "
                + request.delivery.target
                + " wait: Elasticsearch answers "
                + fault.status()
                + ", "
                + fault.error()
                + "; they are sent again until that is put right";
    }

    private static BulkAnswer.ServerError errorOf(byte[] body) {
        try {
            return BulkAnswer.parse(body).error();
        } catch (BulkAnswer.MalformedException _) {
            String text = new String(body, 0, Math.min(body.length, 200), StandardCharsets.UTF_8);
            return new BulkAnswer.ServerError("", text.replaceAll("\\s+", " ").strip());
        }
    }

    // --- for any thread ---

    /** What is counted here. */
    public DeliveryStats stats() {
        return stats;
    }

    /** What is wrong and needs somebody, in words; empty while all is well. */
    public List<String> troubles() {
        return troubles.messages();
    }

    /**
     * How long something has been waiting without any answer, good or bad; zero while nothing
     * waits. An outage of Elasticsearch is no stall: tries fail, again and again.
     */
    public Duration stalled() {
        return idle
                ? Duration.ZERO
                : Duration.ofNanos(Math.max(0, nanoClock.getAsLong() - lastAnswerNanos));
    }

    /**
     * Waits until everything in the buffer is delivered.
     *
     * @return whether that was so within {@code patience}
     */
    public boolean drain(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        idle = false;
        outbox.wake();
        while (!idle && thread.isAlive() && deadline - System.nanoTime() > 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            outbox.wake();
        }
        return idle;
    }

    /** Ends the thread; what is under way is cut off, and sent again by the next start. */
    @Override
    public void close() {
        stopped = true;
        outbox.wake();
        try {
            if (!thread.join(Duration.ofSeconds(1))) {
                thread.interrupt();
                thread.join(Duration.ofSeconds(5));
            }
        } catch (InterruptedException _) {
            thread.interrupt();
            Thread.currentThread().interrupt();
        }
    }
}
