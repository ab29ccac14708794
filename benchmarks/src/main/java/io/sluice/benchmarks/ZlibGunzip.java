package io.sluice.benchmarks;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** By the JDK's own zlib. */
final class ZlibGunzip implements Gunzip {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment output = arena.allocate(PIECE_BYTES);
    private final ByteBuffer outputBuffer = output.asByteBuffer();
    private final Inflater inflater = new Inflater(true);

    @Override
    public String name() {
        return "zlib (JDK)";
    }

    @Override
    public long read(MemorySegment body, long length, Pieces pieces) throws IOException {
        GzipMember member = GzipMember.of(body, length);
        inflater.reset();
        inflater.setInput(body.asSlice(member.from(), member.to() - member.from()).asByteBuffer());
        long total = 0;
        int produced;
        try {
            do {
                produced = inflater.inflate(outputBuffer.clear());
                pieces.take(output, produced);
                total += produced;
            } while (produced > 0);
        } catch (DataFormatException e) {
            throw new IOException("a gzip body is damaged: " + e.getMessage(), e);
        }
        member.check(total);
        return total;
    }

    @Override
    public void close() {
        inflater.end();
        arena.close();
    }
}
