package io.sluice.app.config;

import io.sluice.buffer.BufferConfig;
import io.sluice.elasticsearch.ElasticsearchConfig;
import io.sluice.kubernetes.DownwardConfig;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.tail.TailConfig;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * All an agent is told at its start: one record for each room, and what concerns the process.
 *
 * @param tail what is read
 * @param pod which pod writes the plain files; empty if nobody said that one does
 * @param kubernetes who is asked which pod wrote a container's log
 * @param pipeline how batches are made of it
 * @param buffer where they wait
 * @param elasticsearch where they go
 * @param health where kubelet and Prometheus ask
 * @param admin where the operator asks, from inside the pod
 * @param drain how long a stopping agent goes on delivering what is in the buffer
 * @param stallAfter the agent ends itself when a stage hangs for so long
 */
public record AgentConfig(
        TailConfig tail,
        Optional<DownwardConfig> pod,
        KubernetesConfig kubernetes,
        PipelineConfig pipeline,
        BufferConfig buffer,
        ElasticsearchConfig elasticsearch,
        HostPort health,
        HostPort admin,
        Duration drain,
        Duration stallAfter) {

    private static final Duration LONGEST_DRAIN = Duration.ofMinutes(10);
    private static final Duration SHORTEST_STALL = Duration.ofSeconds(10);

    public AgentConfig {
        if (admin.clashesWith(health)) {
            throw new IllegalArgumentException(
                    "admin is " + admin + "; set another port than the one of health.listen");
        }
        if (drain.isNegative() || drain.compareTo(LONGEST_DRAIN) > 0) {
            throw new IllegalArgumentException(
                    "drain is " + drain + "; set 0s to 10m, or remove it for the default 5s");
        }
        // Shorter, and a restart would answer what a slow request or a back-off is.
        if (stallAfter.compareTo(SHORTEST_STALL) < 0) {
            throw new IllegalArgumentException(
                    "stallAfter is "
                            + stallAfter
                            + "; set at least 10s, or remove it for the default 5m");
        }
    }

    /** The same with another state directory. */
    public AgentConfig withState(Path directory) {
        return new AgentConfig(
                tail,
                pod,
                kubernetes,
                pipeline,
                buffer.withDirectory(directory),
                elasticsearch,
                health,
                admin,
                drain,
                stallAfter);
    }

    /** The same with something else to read. */
    public AgentConfig withTail(TailConfig other) {
        return new AgentConfig(
                other,
                pod,
                kubernetes,
                pipeline,
                buffer,
                elasticsearch,
                health,
                admin,
                drain,
                stallAfter);
    }
}
