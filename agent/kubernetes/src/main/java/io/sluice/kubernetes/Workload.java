package io.sluice.kubernetes;

import io.sluice.pipeline.Pod.Owner;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is above a pod, read from the pod alone: asking for its ReplicaSet or Job would need more
 * privileges and a watch for each kind.
 *
 * <p>A Deployment names its ReplicaSets {@code <deployment>-<pod-template-hash>} and puts the hash
 * in a label of the pod. A CronJob names its Jobs {@code <cronjob>-<scheduled time>}, in minutes
 * since 1970 (in seconds before Kubernetes 1.21), see {@code getJobName} in its
 * cronjob_controllerv2.go.
 */
final class Workload {
    private static final Pattern SCHEDULED = Pattern.compile("(.+)-([0-9]{8,10})");

    /** A pod's name: its controller's, and five characters (apimachinery's names.GenerateName). */
    private static final Pattern RANDOM = Pattern.compile("(.+)-[a-z0-9]{5}");

    /** A pod of a StatefulSet. */
    private static final Pattern ORDINAL = Pattern.compile("(.+)-[0-9]+");

    /**
     * Between a Job's scheduled time and the creation of one of its pods. Tells scheduled times
     * from dates: 20261124, read as minutes, was in 2008.
     */
    private static final Duration LATEST_POD = Duration.ofDays(366);

    private Workload() {}

    /**
     * @param apiVersion of the owner that is the controller; {@code apps/v1} and the like
     * @param created when the pod was created, if it says so
     * @return outermost first; empty for a bare pod, a static pod, or an owner of an unknown kind
     */
    static List<Owner> of(
            String apiVersion,
            String kind,
            String name,
            Map<String, String> labels,
            Optional<Instant> created) {
        if (apiVersion.startsWith("apps/")) {
            return switch (kind) {
                case "ReplicaSet" -> replicaSet(name, labels.getOrDefault("pod-template-hash", ""));
                case "StatefulSet" -> List.of(new Owner("statefulset", name));
                case "DaemonSet" -> List.of(new Owner("daemonset", name));
                default -> List.of();
            };
        }
        // Others have a kind Job, too: batch.volcano.sh/v1alpha1.
        if (apiVersion.startsWith("batch/") && kind.equals("Job")) {
            return job(name, created);
        }
        return List.of();
    }

    /**
     * What a pod's labels and name tell where nobody says who owns it: controllers label the pods
     * they make, and name them after themselves. Nothing for a DaemonSet, whose pods have no label
     * of theirs alone.
     *
     * @param pod the pod's name
     * @param since about when the pod was created
     * @return as {@link #of}; empty where label and name do not fit together
     */
    static List<Owner> byLabels(String pod, Map<String, String> labels, Instant since) {
        String hash = labels.getOrDefault("pod-template-hash", "");
        Matcher random = RANDOM.matcher(pod);
        // A name that was too long for this lacks its end, or is no ReplicaSet's.
        if (!hash.isEmpty() && random.matches() && random.group(1).endsWith("-" + hash)) {
            return of("apps/v1", "ReplicaSet", random.group(1), labels, Optional.of(since));
        }
        Matcher ordinal = ORDINAL.matcher(pod);
        if (pod.equals(labels.get("statefulset.kubernetes.io/pod-name")) && ordinal.matches()) {
            return of("apps/v1", "StatefulSet", ordinal.group(1), labels, Optional.of(since));
        }
        String job = labels.getOrDefault("batch.kubernetes.io/job-name", "");
        if (!job.isEmpty()) {
            return of("batch/v1", "Job", job, labels, Optional.of(since));
        }
        return List.of();
    }

    private static List<Owner> replicaSet(String name, String hash) {
        Owner replicaSet = new Owner("replicaset", name);
        String suffix = "-" + hash;
        if (hash.isEmpty() || !name.endsWith(suffix) || name.length() == suffix.length()) {
            return List.of(replicaSet);
        }
        String deployment = name.substring(0, name.length() - suffix.length());
        return List.of(new Owner("deployment", deployment), replicaSet);
    }

    private static List<Owner> job(String name, Optional<Instant> created) {
        Owner job = new Owner("job", name);
        Matcher scheduled = SCHEDULED.matcher(name);
        if (!scheduled.matches() || !isScheduledTime(scheduled.group(2), created)) {
            return List.of(job);
        }
        return List.of(new Owner("cronjob", scheduled.group(1)), job);
    }

    private static boolean isScheduledTime(String digits, Optional<Instant> created) {
        long number = Long.parseLong(digits);
        Instant scheduled = Instant.ofEpochSecond(digits.length() == 10 ? number : number * 60);
        return created.map(
                        pod ->
                                !scheduled.isAfter(pod.plus(Duration.ofHours(1)))
                                        && scheduled.isAfter(pod.minus(LATEST_POD)))
                .orElse(true);
    }
}
