package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;

class PipelineConfigTest {
    private static final int MIB = 1024 * 1024;

    @Test
    void theDefaultsAreThoseOfTheDesign() {
        PipelineConfig config = PipelineConfig.defaults(2, 4 * MIB);

        assertThat(config.linger()).isEqualTo(Duration.ofMillis(200));
        assertThat(config.maxRecordBytes()).isEqualTo(MIB);
        assertThat(config.openRecordBytes()).isEqualTo(16L * MIB);
        assertThat(config.dataStream()).isEqualTo("logs-kubernetes.container_logs-default");
    }

    @Test
    void aWrongValueIsNamedWithItsRemedy() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PipelineConfig.defaults(0, 4 * MIB))
                .withMessage("encoders is 0; set 1 to 64, or remove it for the default 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PipelineConfig.defaults(1, 12))
                .withMessageStartingWith("maxCompressedBytes is 12; set at least 1048576");
    }

    @Test
    void aDataStreamsNameCannotBeBroken() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> named("kubernetes-logs", "default"))
                .withMessageStartingWith("dataset is 'kubernetes-logs'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> named("logs", "Default"))
                .withMessageStartingWith("namespace is 'Default'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> named("logs", ""))
                .withMessageStartingWith("namespace is ''");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "kubernetes", "log", "message", "@timestamp", "a.b", "_source"})
    void theTargetIsNoFieldOfOurs(String target) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> named(target, "logs", "default"))
                .withMessageStartingWith("target is '" + target + "'; set the name of a field");
    }

    private static PipelineConfig named(String dataset, String namespace) {
        return named("app", dataset, namespace);
    }

    private static PipelineConfig named(String target, String dataset, String namespace) {
        return new PipelineConfig(
                1,
                64,
                MIB,
                Duration.ofMillis(200),
                MIB,
                MIB,
                PipelineConfig.Compression.AUTO,
                MIB,
                MIB,
                1_000,
                PipelineConfig.BodyFormat.AUTO,
                target,
                "",
                "",
                dataset,
                namespace);
    }
}
