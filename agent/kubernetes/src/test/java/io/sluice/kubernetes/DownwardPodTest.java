package io.sluice.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.pipeline.Pod;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.SourceOrigin;
import io.sluice.testing.DownwardVolume;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whose the plain files are, over changes of a volume that is written as the kubelet does. */
class DownwardPodTest {
    private static final SourceOrigin.File FILE = new SourceOrigin.File(Path.of("/logs/app.log"));
    private static final String NAME = "cart-7d9c5b8f6-x2x4z";

    @TempDir Path folder;

    private DownwardVolume volume;
    private DownwardPod directory;

    @BeforeEach
    void mount() {
        volume = new DownwardVolume(folder);
        volume.write(
                Map.of(
                        "labels",
                        "app=\"cart\"\npod-template-hash=\"7d9c5b8f6\"",
                        "annotations",
                        "a/secret=\"s\"\na/team=\"blue\""));
        directory = directory(true);
    }

    @AfterEach
    void close() {
        directory.close();
    }

    @Test
    void aFileIsOfThePodThatTheConfigurationNames() {
        directory.start();

        assertThat(directory.writer(FILE))
                .contains(new SourceOrigin.Container("shop", NAME, "uid-1", "app"));
        assertThat(pod())
                .isEqualTo(
                        new Pod(
                                "shop",
                                NAME,
                                "uid-1",
                                "10.244.0.7",
                                "",
                                Map.of("app", "cart", "pod-template-hash", "7d9c5b8f6"),
                                Map.of("a/team", "blue"),
                                List.of(
                                        new Pod.Owner("deployment", "cart"),
                                        new Pod.Owner("replicaset", "cart-7d9c5b8f6")),
                                Map.of()));
    }

    @Test
    void labelsThatAreNotKeptStillTellTheWorkload() {
        directory = directory(false);
        directory.start();

        assertThat(pod().labels()).isEmpty();
        assertThat(pod().workload()).contains(new Pod.Owner("deployment", "cart"));
    }

    @Test
    void aChangeOfTheVolumeIsFollowedAndNoOtherMakesAnotherPod() {
        directory.start();
        Pod before = pod();
        directory.look();
        assertThat(pod()).isSameAs(before);

        volume.write(Map.of("labels", "app=\"cart\"\nnew=\"yes\"", "annotations", ""));

        await().until(() -> pod().labels().equals(Map.of("app", "cart", "new", "yes")));
        assertThat(pod().annotations()).isEmpty();
    }

    @Test
    void whatCannotBeReadAnyMoreIsSaidAndChangesNothing() {
        directory.start();
        Pod before = pod();
        assertThat(directory.trouble()).isEmpty();

        volume.write(Map.of("labels", "garbage", "annotations", ""));

        await().until(() -> directory.trouble().isPresent());
        assertThat(directory.trouble().orElseThrow())
                .isEqualTo(
                        "the pod's metadata is in "
                                + volume.path("labels")
                                + ", which is something else: its line 1 is no key=\"…\"; documents"
                                + " carry what was read last");
        assertThat(pod()).isSameAs(before);

        volume.write(Map.of("labels", "app=\"basket\"", "annotations", ""));

        await().until(() -> directory.trouble().isEmpty());
        assertThat(pod().labels()).isEqualTo(Map.of("app", "basket"));
    }

    @Test
    void containersAreSomebodyElsesQuestion() {
        SourceOrigin.Container other = new SourceOrigin.Container("shop", NAME, "uid-2", "app");

        assertThat(directory.find(other)).isEmpty();
    }

    @Test
    void withoutFilesThereIsNothingToLookAt() {
        DownwardConfig config =
                new DownwardConfig(
                        "shop",
                        "cart-0",
                        "",
                        "",
                        "",
                        Optional.empty(),
                        Optional.empty(),
                        true,
                        Set.of());
        try (DownwardPod bare = new DownwardPod(config, PodDirectory.NONE)) {
            bare.start();

            assertThat(bare.find(bare.writer(FILE).orElseThrow()).orElseThrow().labels()).isEmpty();
        }
    }

    private Pod pod() {
        return directory.find(directory.writer(FILE).orElseThrow()).orElseThrow();
    }

    private DownwardPod directory(boolean labels) {
        DownwardConfig config =
                new DownwardConfig(
                        "shop",
                        NAME,
                        "uid-1",
                        "10.244.0.7",
                        "app",
                        Optional.of(volume.path("labels")),
                        Optional.of(volume.path("annotations")),
                        labels,
                        Set.of("a/team"));
        assertThat(config.problems()).isEmpty();
        return new DownwardPod(config, PodDirectory.NONE, Duration.ofMillis(5), System::nanoTime);
    }
}
