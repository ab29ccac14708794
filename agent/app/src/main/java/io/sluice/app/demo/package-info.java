/**
 * What {@code sluice demo} shows: pods that log, and the questions to Elasticsearch about what
 * arrived. Nothing here is used by the agent; {@link io.sluice.app.demo.DemoWorkload} writes as
 * kubelet and containerd do, {@link io.sluice.app.demo.DemoQuestions} asks. One thread, the
 * command's.
 */
package io.sluice.app.demo;
