/**
 * Which pod wrote this? Namespace, pod and container come from the path; this room adds what the
 * API server knows: labels, address, image, workload.
 *
 * <p>Thread: {@code kubernetes}, one loop, {@link PodWatch#run}: list and watch of this node's
 * pods. Doors: {@link KubernetesConfig}, {@link PodWatch} (answers {@link
 * io.sluice.pipeline.PodDirectory} from memory, for any thread) and {@link MetadataGate} (asked by
 * the tail). Leave alone: the order in {@link PodStore}; it keeps a deleted pod known until its
 * files are read, and never answers with a pod's successor.
 *
 * <p>Needs the verbs {@code list} and {@code watch} on {@code pods}, and nothing else: what is
 * above a pod is read from the pod itself (see {@link Workload}).
 */
package io.sluice.kubernetes;
