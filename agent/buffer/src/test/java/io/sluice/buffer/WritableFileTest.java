package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

class WritableFileTest {
    @TempDir Path folder;

    @Test
    void whatIsWrittenIsInTheMappingAtOnceFromHeapAndNativeMemory() throws IOException {
        Path path = folder.resolve("file");
        byte[] bytes = new byte[300_000];
        new Random(1).nextBytes(bytes);
        assertThat(Disk.allocate(path, 0, 1 << 20)).isEqualTo(Disk.Allocation.DONE);
        try (RandomAccessFile mapped = new RandomAccessFile(path.toFile(), "rw");
                WritableFile file = WritableFile.open(path)) {
            MappedByteBuffer map =
                    mapped.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20);
            map.put(5, (byte) 7);
            ByteBuffer heap = ByteBuffer.wrap(bytes, 10, 200_000).slice();
            file.write(heap, 11);
            ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
            file.write(direct, 400_000);
            assertThat(heap.position()).isZero();
            assertThat(map.get(5)).isEqualTo((byte) 7);
            byte[] seen = new byte[200_000];
            map.get(11, seen);
            assertThat(seen).isEqualTo(Arrays.copyOfRange(bytes, 10, 200_010));
            seen = new byte[bytes.length];
            map.get(400_000, seen);
            assertThat(seen).isEqualTo(bytes);
        }
        assertThat(path).hasSize(1 << 20);
    }

    @Test
    void anInterruptedThreadWritesAllTheSame() throws IOException {
        Path path = Files.createFile(folder.resolve("file"));
        try (WritableFile file = WritableFile.open(path)) {
            Thread.currentThread().interrupt();
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(path).hasBinaryContent(new byte[] {1, 2, 3});
    }

    @Test
    void aFileThatTakesNothingSaysSo() {
        Path full = Path.of("/dev/full");
        assertThatThrownBy(
                        () -> {
                            try (WritableFile file = WritableFile.open(full)) {
                                file.write(ByteBuffer.wrap(new byte[10]), 0);
                            }
                        })
                .isInstanceOf(IOException.class)
                .hasMessage("/dev/full cannot be written at 0 (errno 28); look at its disk");
        assertThatThrownBy(() -> WritableFile.open(folder.resolve("none")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot be opened");
    }
}
