package io.sluice.tail;

import io.sluice.benchmarks.SampleFiles;
import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

import java.io.IOException;
import java.util.Map;

/**
 * From files to chunks: a {@link Tailer} that finds eight files in the page cache, reads them to
 * their end and is stopped. Its start is in it; the chunks are thrown away.
 */
public class ReadBenchmark extends Step implements ChunkSink {
    private static final int FILES = 8;
    private static final long BYTES = 32_000_000;

    private final Chunk chunk = new Chunk(CHUNK_BYTES);
    private SampleFiles files;
    private Tailer tailer;
    private long readBytes;
    private long chunks;

    /** JMH makes one. */
    public ReadBenchmark() {}

    /** Writes the files. */
    @Setup
    public void write() throws IOException {
        files = SampleFiles.write(Workload.JSON, FILES, BYTES);
    }

    /** Makes a tailer that knows nothing. */
    @Setup(Level.Invocation)
    public void open() {
        readBytes = 0;
        chunks = 0;
        tailer =
                new Tailer(
                        TailConfig.ofContainers(files.links()),
                        Map.of(),
                        ReadGate.OPEN,
                        this,
                        System::nanoTime);
    }

    /** All files once. */
    @Benchmark
    public long read(Done done) {
        tailer.run();
        done.add(chunks, readBytes);
        return readBytes;
    }

    @Override
    public boolean offer(ChunkFiller filler) {
        filler.fill(chunk);
        chunk.source.chunkConsumed();
        readBytes += chunk.length;
        chunks++;
        if (readBytes >= files.bytes()) {
            tailer.stop();
        }
        return true;
    }

    /** Takes the files away. */
    @TearDown
    public void remove() throws IOException {
        files.close();
    }
}
