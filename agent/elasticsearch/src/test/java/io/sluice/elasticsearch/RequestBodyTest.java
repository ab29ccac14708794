package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.nio.DataStreamChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A body reaches its connection whole, and its end comes with its last byte. */
class RequestBodyTest {
    /** A connection that has room for so many bytes until it is asked again. */
    private static final class NarrowChannel implements DataStreamChannel {
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        private final int roomBytes;
        private int room;
        private int ends;

        NarrowChannel(int roomBytes) {
            this.roomBytes = roomBytes;
        }

        @Override
        public void requestOutput() {
            room = roomBytes;
        }

        @Override
        public int write(ByteBuffer source) {
            assertThat(ends).isZero();
            int count = Math.min(room, source.remaining());
            for (int i = 0; i < count; i++) {
                taken.write(source.get());
            }
            room -= count;
            return count;
        }

        @Override
        public void endStream() {
            ends++;
        }

        @Override
        public void endStream(List<? extends Header> trailers) {
            throw new AssertionError("a body of known length has no trailers");
        }
    }

    private static byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static void produce(RequestBody body, NarrowChannel channel) throws IOException {
        while (channel.ends == 0) {
            assertThat(body.available()).isPositive();
            channel.requestOutput();
            body.produce(channel);
        }
        assertThat(channel.ends).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8_192, 100_000, 131_072, 1_000_000})
    void itIsWrittenWholeWhateverRoomThereIs(int room) throws IOException {
        byte[] array = randomBytes(400_000);
        ByteBuffer inside = ByteBuffer.wrap(array, 100, 300_000).slice();
        RequestBody body =
                new RequestBody(inside, ContentType.APPLICATION_JSON, Optional.of("gzip"));
        assertThat(body.getContentLength()).isEqualTo(300_000);
        assertThat(body.getContentEncoding()).isEqualTo("gzip");
        // What it was made of may be moved on.
        inside.position(5);
        NarrowChannel channel = new NarrowChannel(room);
        produce(body, channel);
        assertThat(channel.taken.toByteArray()).isEqualTo(Arrays.copyOfRange(array, 100, 300_100));
    }

    @Test
    void aSmallOneEndsInTheSameTurn() throws IOException {
        RequestBody body =
                new RequestBody(
                        ByteBuffer.wrap(randomBytes(10)),
                        ContentType.APPLICATION_JSON,
                        Optional.empty());
        NarrowChannel channel = new NarrowChannel(1_000);
        channel.requestOutput();
        body.produce(channel);
        assertThat(channel.ends).isEqualTo(1);
    }

    @Test
    void itCanBeSentAgain() throws IOException {
        byte[] bytes = randomBytes(10_000);
        RequestBody body =
                new RequestBody(
                        ByteBuffer.wrap(bytes), ContentType.APPLICATION_JSON, Optional.empty());
        NarrowChannel broken = new NarrowChannel(1_000);
        broken.requestOutput();
        body.produce(broken);
        body.failed(new IOException("broken"));
        body.releaseResources();
        assertThat(body.isRepeatable()).isTrue();
        NarrowChannel channel = new NarrowChannel(4_000);
        produce(body, channel);
        assertThat(channel.taken.toByteArray()).isEqualTo(bytes);
    }
}
