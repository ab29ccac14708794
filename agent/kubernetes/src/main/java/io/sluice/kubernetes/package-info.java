/**
 * Which pod wrote this? Namespace, pod and container come from the path; this room adds what the
 * API server knows: labels, address, image, workload. For plain files the downward API says it: the
 * agent is in the pod that writes them.
 *
 * <p>Thread: {@code kubernetes}, one loop, {@link PodWatch#run}: list and watch of this node's
 * pods. Doors: {@link KubernetesConfig}, {@link PodWatch} (answers {@link
 * io.sluice.pipeline.PodDirectory} from memory, for any thread) and {@link MetadataGate} (asked by
 * the tail); {@link DownwardConfig} and {@link DownwardPod}, with a thread {@code downward} that
 * reads a pod's labels again. Leave alone: the order in {@link PodStore}; it keeps a deleted pod
 * known until its files are read, and never answers with a pod's successor.
 *
 * <p>Needs the verbs {@code list} and {@code watch} on {@code pods}, and nothing else: what is
 * above a pod is read from the pod itself (see {@link Workload}).
 */
package io.sluice.kubernetes;
