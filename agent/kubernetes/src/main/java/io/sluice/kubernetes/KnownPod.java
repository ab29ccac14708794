package io.sluice.kubernetes;

import io.sluice.pipeline.Pod;

/**
 * A pod, and by which other UID the kubelet's directories may call it.
 *
 * @param staticUid for a static pod's mirror, the hash of its manifest: the UID in the names of its
 *     directories, where the API's own UID never appears. Empty for all others
 */
record KnownPod(Pod pod, String staticUid) {}
