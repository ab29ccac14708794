package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** Chronicle's libraries do nothing unasked. */
class ChronicleTest {
    @TempDir Path directory;

    @Test
    void whatReportsItsUseIsSwitchedOffAndNotEvenThere() {
        Buffer.open(Batches.config(directory)).close();

        assertThat(System.getProperty("chronicle.analytics.disable")).isEqualTo("true");
        assertThat(System.getProperty("chronicle.announcer.disable")).isEqualTo("true");
        assertThat(System.getProperty("chronicle.disk.monitor.disable")).isEqualTo("true");
        assertThatThrownBy(() -> Class.forName("net.openhft.chronicle.analytics.Analytics"))
                .isInstanceOf(ClassNotFoundException.class);
    }
}
