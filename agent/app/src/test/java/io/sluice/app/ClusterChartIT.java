package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What a real API server says to the chart's manifests and to the examples. */
@Tag("cluster")
class ClusterChartIT {
    @TempDir private static Path folder;
    private static Cluster cluster;
    private static AgentRelease agent;

    @BeforeAll
    static void startAll() throws IOException {
        Optional<String> missing = Cluster.missing();
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        cluster = Cluster.open();
        agent = new AgentRelease(cluster, "localhost/sluice:none", 9200, folder.resolve("state"));
    }

    @AfterAll
    static void stopAll() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void takesEveryManifestOfTheChartStrictly() throws IOException {
        Path all =
                Files.writeString(
                        folder.resolve("all.yaml"),
                        """
                        elasticsearch: {auth: {type: basic, username: u}, tls: {caSecret: a, clientSecret: b}}
                        docker: {enabled: true}
                        javaOpts: -Xmx96m
                        hostNetwork: true
                        seLinuxOptions: {type: spc_t}
                        image: {pullSecrets: [{name: r}]}
                        updateStrategy: {maxUnavailable: 10%}
                        extraEnv: [{name: TZ, value: UTC}]
                        extraVolumes: [{name: more, emptyDir: {}}]
                        extraVolumeMounts: [{name: more, mountPath: /more}]
                        commonLabels: {team: a}
                        podAnnotations: {a: b}
                        """);

        assertThat(agent.dryRun(folder)).contains("daemonset.apps/sluice created", "clusterrole.");
        assertThat(agent.dryRun(folder, "--values", all.toString()))
                .contains("daemonset.apps/sluice created");
        assertThat(
                        agent.dryRun(
                                folder,
                                "--set",
                                "config.kubernetes.api=off,updateStrategy.type=OnDelete"))
                .contains("daemonset.apps/sluice created")
                .doesNotContain("clusterrole");
        Path controlPlane = AgentRelease.examples().resolve("control-plane.yaml");
        assertThat(agent.dryRun(folder, "--values", controlPlane.toString()))
                .contains("daemonset.apps/sluice created");
    }

    @Test
    void takesEveryExampleStrictly() throws IOException {
        List<Path> examples;
        try (Stream<Path> files = Files.list(AgentRelease.examples())) {
            examples =
                    files.filter(file -> file.getFileName().toString().startsWith("sidecar-"))
                            .toList();
        }

        assertThat(examples).hasSizeGreaterThanOrEqualTo(5);
        for (Path example : examples) {
            assertThat(
                            cluster.kubectl(
                                    "apply",
                                    "--dry-run=server",
                                    "--validate=strict",
                                    "-f",
                                    example.toString()))
                    .as(example.toString())
                    .contains("created");
        }
    }
}
