package io.sluice.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.Pod.Owner;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is above a pod, as the pod itself shows it. */
class WorkloadTest {
    private static final Instant CREATED = Instant.parse("2026-11-24T08:00:00Z");

    /** The scheduled time of a Job of that day, in minutes since 1970. */
    private static final long MINUTES = Instant.parse("2026-11-24T07:59:00Z").getEpochSecond() / 60;

    @Test
    void aDeploymentIsSeenThroughItsReplicaSet() {
        assertThat(of("apps/v1", "ReplicaSet", "web-7d9c5b8f6", "7d9c5b8f6"))
                .containsExactly(
                        new Owner("deployment", "web"), new Owner("replicaset", "web-7d9c5b8f6"));
    }

    @ParameterizedTest
    @CsvSource({
        "web-7d9c5b8f6, ''", // a ReplicaSet by itself: its pods have no hash
        "web-7d9c5b8f6, other",
        "web, web",
        "-web, web"
    })
    void aReplicaSetOfNoDeploymentStandsAlone(String name, String hash) {
        assertThat(of("apps/v1", "ReplicaSet", name, hash))
                .containsExactly(new Owner("replicaset", name));
    }

    @ParameterizedTest
    @CsvSource({
        "apps/v1, StatefulSet, statefulset",
        "apps/v1, DaemonSet, daemonset",
        "batch/v1, Job, job"
    })
    void othersAreTheOwnerItself(String apiVersion, String kind, String field) {
        assertThat(of(apiVersion, kind, "db", "hash")).containsExactly(new Owner(field, "db"));
    }

    @Test
    void aCronJobIsSeenThroughTheTimeInItsJobsName() {
        assertThat(of("batch/v1", "Job", "report-" + MINUTES, ""))
                .containsExactly(
                        new Owner("cronjob", "report"), new Owner("job", "report-" + MINUTES));
        assertThat(of("batch/v1", "Job", "nightly-report-" + MINUTES * 60, ""))
                .first()
                .isEqualTo(new Owner("cronjob", "nightly-report"));
    }

    @ParameterizedTest
    @CsvSource({"import-20261124", "import-2026112408", "import-12345678", "import-1"})
    void aNumberThatWasNoScheduledTimeMakesNoCronJob(String name) {
        assertThat(of("batch/v1", "Job", name, "")).containsExactly(new Owner("job", name));
    }

    @ParameterizedTest
    @CsvSource({
        "batch.volcano.sh/v1alpha1, Job",
        "argoproj.io/v1alpha1, Rollout",
        "v1, Node",
        "apps/v1, Something",
        "'', ''"
    })
    void ownersOfUnknownKindsAreNone(String apiVersion, String kind) {
        assertThat(of(apiVersion, kind, "x", "")).isEmpty();
    }

    @Test
    void controllersLabelThePodsTheyMake() {
        assertThat(byLabels("web-7d9c5b8f6-x2x4z", "pod-template-hash", "7d9c5b8f6"))
                .containsExactly(
                        new Owner("deployment", "web"), new Owner("replicaset", "web-7d9c5b8f6"));
        assertThat(byLabels("db-0", "statefulset.kubernetes.io/pod-name", "db-0"))
                .containsExactly(new Owner("statefulset", "db"));
        assertThat(byLabels("import-x2x4z", "batch.kubernetes.io/job-name", "import"))
                .containsExactly(new Owner("job", "import"));
        String report = "report-" + MINUTES;
        assertThat(byLabels(report + "-x2x4z", "batch.kubernetes.io/job-name", report))
                .containsExactly(new Owner("cronjob", "report"), new Owner("job", report));
    }

    @ParameterizedTest
    @CsvSource({
        "web-x2x4z, app, web",
        "web-7d9c5b8f6-x2x4z, pod-template-hash, 6c4b7a9f8", // the label of another one
        "web-7d9c5b8f6, pod-template-hash, 7d9c5b8f6", // a name that was cut
        "copied-db-0, statefulset.kubernetes.io/pod-name, db-0",
        "db, statefulset.kubernetes.io/pod-name, db",
        "agent-x2x4z, controller-revision-hash, 7d9c5b8f6", // a DaemonSet's, or not
        "web, batch.kubernetes.io/job-name, ''"
    })
    void aLabelThatDoesNotFitTellsNothing(String pod, String label, String value) {
        assertThat(byLabels(pod, label, value)).isEmpty();
    }

    private static List<Owner> byLabels(String pod, String label, String value) {
        return Workload.byLabels(pod, Map.of(label, value), CREATED);
    }

    private static List<Owner> of(String apiVersion, String kind, String name, String hash) {
        Map<String, String> labels = hash.isEmpty() ? Map.of() : Map.of("pod-template-hash", hash);
        return Workload.of(apiVersion, kind, name, labels, Optional.of(CREATED));
    }
}
