package io.sluice.elasticsearch;

import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.DataStreamChannel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The body of a request, given to the connection as it stands, and its end together with its last
 * byte.
 *
 * <p>The client's own producer copies a body in pieces of 8 KiB and waits for a turn of the
 * connection's loop after each of them, and for one more to see that there are no others.
 *
 * <p>Thread: the client's.
 */
final class RequestBody extends ByteArrayEntity implements AsyncEntityProducer {
    /**
     * What is offered at a time: the Java run-time copies it to memory outside the heap, and keeps
     * a piece of that size.
     */
    private static final int PIECE_BYTES = 128 * 1024;

    private final ByteBuffer body;

    /**
     * @param body array-backed; must not change until the answer
     * @param contentEncoding how the body is compressed
     */
    RequestBody(ByteBuffer body, ContentType contentType, Optional<String> contentEncoding) {
        super(
                body.array(),
                body.arrayOffset() + body.position(),
                body.remaining(),
                contentType,
                contentEncoding.orElse(null));
        this.body = body.duplicate().mark();
    }

    @Override
    public int available() {
        return Math.max(1, body.remaining());
    }

    @Override
    public void produce(DataStreamChannel channel) throws IOException {
        int end = body.limit();
        int taken = 1;
        while (taken > 0 && body.position() < end) {
            body.limit(Math.min(end, body.position() + PIECE_BYTES));
            try {
                taken = channel.write(body);
            } finally {
                body.limit(end);
            }
        }
        if (!body.hasRemaining()) {
            channel.endStream();
        }
    }

    @Override
    public void failed(Exception cause) {
        // There is nothing to give back.
    }

    /** From its beginning again, should it be sent again. */
    @Override
    public void releaseResources() {
        body.reset();
    }
}
