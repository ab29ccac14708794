package io.sluice.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The body of an answer, read by one thread that does not wait for ever: a connection whose other
 * end is gone without a word (a half-open one) would else keep it for as long as TCP likes, and the
 * client's own timeout ends with the headers.
 *
 * <p>Filled by the HTTP client's thread, read by the {@code kubernetes} thread. The client is asked
 * for more only when all was read, so one read of the socket is held in memory.
 */
final class ReplyBody extends InputStream implements BodySubscriber<ReplyBody> {

    /** What the HTTP client hands over. */
    private sealed interface Arrival {
        record Bytes(List<ByteBuffer> buffers) implements Arrival {}

        record End() implements Arrival {}

        record Broken(Throwable cause) implements Arrival {}
    }

    /** At most one item of bytes and one end: no more is asked for. */
    private final BlockingQueue<Arrival> arrived = new LinkedBlockingQueue<>();

    private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
    private final LongSupplier duties;

    private final Queue<ByteBuffer> unread = new ArrayDeque<>();
    private long longestSilenceNanos;
    private boolean ended;

    /**
     * @param longestSilence when nothing came for so long, reading fails
     * @param duties what the reading thread has to do meanwhile; says in how many nanoseconds it
     *     wants to be called again
     */
    ReplyBody(Duration longestSilence, LongSupplier duties) {
        this.longestSilenceNanos = longestSilence.toNanos();
        this.duties = duties;
    }

    /** From the next wait on. Reading thread only. */
    void longestSilence(Duration longest) {
        longestSilenceNanos = longest.toNanos();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (unread.isEmpty() || !unread.peek().hasRemaining()) {
            if (unread.poll() == null && !refill()) {
                return -1;
            }
        }
        int count = Math.min(length, unread.peek().remaining());
        unread.peek().get(target, offset, count);
        return count;
    }

    private boolean refill() throws IOException {
        if (ended) {
            return false;
        }
        subscription.join().request(1);
        switch (await()) {
            case Arrival.Bytes(List<ByteBuffer> buffers) -> unread.addAll(buffers);
            case Arrival.End() -> ended = true;
            case Arrival.Broken(Throwable cause) -> {
                ended = true;
                throw new IOException(Reasons.of(cause), cause);
            }
        }
        return !ended;
    }

    private Arrival await() throws IOException {
        long since = System.nanoTime();
        try {
            while (true) {
                long untilDuty = duties.getAsLong();
                long left = longestSilenceNanos - (System.nanoTime() - since);
                if (left <= 0) {
                    close();
                    throw new HttpTimeoutException(
                            "nothing came for "
                                    + Duration.ofNanos(longestSilenceNanos).toMillis()
                                    + " ms");
                }
                Arrival arrival = arrived.poll(Math.min(left, untilDuty), TimeUnit.NANOSECONDS);
                if (arrival != null) {
                    return arrival;
                }
            }
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("the agent stops").initCause(e);
        }
    }

    /** Ends the connection, unless all of the answer was read. */
    @Override
    public void close() {
        ended = true;
        var _ = subscription.thenAccept(Flow.Subscription::cancel);
    }

    @Override
    public CompletionStage<ReplyBody> getBody() {
        return CompletableFuture.completedStage(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription granted) {
        subscription.complete(granted);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        arrived.add(new Arrival.Bytes(buffers));
    }

    @Override
    public void onError(Throwable cause) {
        arrived.add(new Arrival.Broken(cause));
    }

    @Override
    public void onComplete() {
        arrived.add(new Arrival.End());
    }
}
