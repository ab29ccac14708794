package io.sluice.elasticsearch;

import io.sluice.buffer.DeadLetters;
import io.sluice.buffer.Outbox;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Delivers the buffer's excerpts: one excerpt is one bulk request, several are under way at a time
 * ({@link InFlightLimit}), answers are read item by item ({@link Answers}), and the acknowledged
 * index moves over the contiguous prefix of what is done ({@link Deliveries}).
 *
 * <p>Nothing is ever dropped here: what cannot be delivered waits ({@link SendQueue}), or is kept
 * as a dead letter when it is the document's own fault by name ({@link Outcome}).
 *
 * <p>Thread: {@code deliver} runs everything but what is said to be for any thread; the client's
 * threads leave their answers in a queue and wake it.
 */
public final class BulkSender implements Runnable, AutoCloseable {
    /** Most requests under way. */
    static final int MOST_IN_FLIGHT = 8;

    private static final int ANSWER_TIMEOUT_MILLIS = 60_000;
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** After such a time the cluster may be another one, or one that was restored. */
    static final long LONG_OUTAGE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Outbox outbox;
    private final LongSupplier nanoClock;
    private final BulkClient client;
    private final DeliveryStats stats = new DeliveryStats();
    private final Troubles troubles;
    private final InFlightLimit limit = new InFlightLimit(MOST_IN_FLIGHT);
    private final Hosts hosts;
    private final UnforcedLetters letters;
    private final Deliveries deliveries;
    private final SendQueue queue;
    private final Portions portions;
    private final Answers answers;
    private final TemplateSetup template;
    private final Thread thread = new Thread(this, "deliver");

    /** Filled by the client's threads. */
    private final Queue<Returned> returned = new ConcurrentLinkedQueue<>();

    private int inFlight;

    /** The requests under way, in the order they were sent. */
    private final Set<BulkRequest> underWay = new LinkedHashSet<>();

    private final Pulse pulse;

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
        this(
                config,
                outbox,
                letters,
                System::nanoTime,
                new BulkClient(config, MOST_IN_FLIGHT, ANSWER_TIMEOUT_MILLIS, System::nanoTime));
    }

    BulkSender(
            ElasticsearchConfig config,
            Outbox outbox,
            DeadLetters letters,
            LongSupplier nanoClock,
            BulkClient client) {
        this.outbox = outbox;
        this.nanoClock = nanoClock;
        this.client = client;
        this.troubles = new Troubles(nanoClock);
        this.hosts = new Hosts(config.hosts(), nanoClock);
        this.letters = new UnforcedLetters(letters, stats, troubles, nanoClock);
        this.deliveries = new Deliveries(outbox, this.letters, stats);
        this.queue = new SendQueue(nanoClock);
        this.portions = new Portions(deliveries, queue, this.letters, stats, nanoClock);
        this.answers =
                new Answers(
                        deliveries,
                        queue,
                        portions,
                        this.letters,
                        hosts,
                        limit,
                        troubles,
                        stats,
                        nanoClock);
        this.template = new TemplateSetup(config, client, hosts, troubles, stats, nanoClock);
        this.pulse = new Pulse(nanoClock, client.longestNanos());
        this.stats.healthyHosts = hosts.healthy();
    }

    /** Starts the thread {@code deliver}. Once. */
    public void start(Consumer<Throwable> failed) {
        thread.setUncaughtExceptionHandler((_, failure) -> failed.accept(failure));
        thread.start();
    }

    @Override
    public void run() {
        try {
            while (!stopped) {
                takeAnswers();
                deliveries.acknowledge();
                sendWhatIsDue();
                noteWhetherIdle();
                long nanos = nanosToWait();
                tellPulse(nanos);
                if (mayTakeMore()) {
                    outbox.await(nanos);
                } else {
                    outbox.awaitWake(nanos);
                }
            }
        } catch (InterruptedException _) {
            // The agent stops: what is not acknowledged is sent by its next start.
        } finally {
            pulse.ends();
            client.close();
        }
    }

    private void tellPulse(long nanosToWait) {
        if (letters.areRefused()) {
            // That is tried again and again, too, and everything waits for it.
            pulse.moved();
        }
        if (idle) {
            pulse.idles(nanosToWait);
        } else {
            pulse.waits(nanosToWait, underWay.stream().findFirst().map(r -> r.sentNanos));
        }
    }

    private void takeAnswers() {
        for (Returned next = returned.poll(); next != null; next = returned.poll()) {
            inFlight--;
            stats.inFlight = inFlight;
            underWay.remove(next.request);
            pulse.moved();
            answers.take(next.request, next.answer, inFlight, next.atNanos);
            stats.healthyHosts = hosts.healthy();
        }
        if (queue.failingNanos() > LONG_OUTAGE_NANOS && hosts.healthy() == 0) {
            template.doubt();
        }
    }

    private void sendWhatIsDue() throws InterruptedException {
        if (!isReadyToSend()) {
            return;
        }
        stats.limit = allowed();
        while (inFlight < allowed()) {
            Optional<BulkRequest> next = queue.next();
            if (next.isEmpty() && deliveries.mayTake()) {
                next = deliveries.take();
            }
            if (next.isEmpty()) {
                return;
            }
            if (portions.fits(next.get())) {
                send(next.get());
            }
        }
    }

    private int allowed() {
        // After a failure one request goes ahead and finds out whether it is over.
        return queue.isFailing() ? 1 : limit.requests();
    }

    private boolean isReadyToSend() throws InterruptedException {
        if (queue.isPaused() || letters.areRefused()) {
            return false;
        }
        if (!template.isDone()) {
            pulse.asks(TemplateSetup.MOST_QUESTIONS);
            boolean done = template.isDoneNow();
            pulse.moved();
            stats.healthyHosts = hosts.healthy();
            return done;
        }
        return true;
    }

    /** Whether an excerpt that comes now could be sent. */
    private boolean mayTakeMore() {
        return template.isDone()
                && !queue.isPaused()
                && !letters.areRefused()
                && inFlight < allowed()
                && deliveries.mayTake();
    }

    private void send(BulkRequest request) {
        inFlight++;
        underWay.add(request);
        pulse.moved();
        stats.inFlight = inFlight;
        stats.requests.increment();
        stats.sentBytes.add(request.gzip.remaining());
        request.sentNanos = nanoClock.getAsLong();
        request.host = hosts.next();
        client.bulk(
                request.host.url,
                request.delivery.target,
                request.gzip,
                answer -> {
                    returned.add(new Returned(request, answer, nanoClock.getAsLong()));
                    outbox.wake();
                });
    }

    private void noteWhetherIdle() {
        idle = deliveries.isEmpty() && outbox.isEmpty();
    }

    private long nanosToWait() {
        if (!returned.isEmpty()) {
            return 0;
        }
        long wait = IDLE_NANOS;
        if (letters.areRefused()) {
            wait = Math.min(wait, letters.nanosToWait());
        } else if (!template.isDone()) {
            wait = Math.min(wait, template.nanosToWait());
        } else if (queue.isPaused()) {
            wait = Math.min(wait, queue.nanosOfPause());
        } else if (inFlight < allowed()) {
            wait = Math.min(wait, queue.nanosToWait());
        }
        return Math.max(wait, 0);
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
     * What delivery may take of the heap at most.
     *
     * @param largestBodyBytes of the buffer's bodies, compressed
     * @param largestBatchBytes of the same, uncompressed
     */
    public static long memoryBytes(int largestBodyBytes, long largestBatchBytes) {
        // The last excerpt that was taken may go over the bound, and all of them may have been
        // repaired, so that they are there twice.
        long held = 2L * (Deliveries.MOST_HELD_BYTES + largestBodyBytes);
        long answers = (long) MOST_IN_FLIGHT * BulkClient.LARGEST_ANSWER_BYTES;
        // One at a time is taken apart: its text, its documents, what is made of them.
        return held + answers + 3 * largestBatchBytes;
    }

    /**
     * How long delivery has been overdue with a sign of life: the thread hangs, or a request came
     * back neither with an answer nor with a failure. An outage of Elasticsearch is no such thing:
     * tries fail, again and again.
     */
    public Duration stalled() {
        return pulse.overdue();
    }

    /** Whether the thread {@code deliver} runs: it ends by {@link #close}, or fails. */
    public boolean isRunning() {
        return thread.isAlive();
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
