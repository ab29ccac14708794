/**
 * Measurements, no part of what is shipped.
 *
 * <p>{@link io.sluice.benchmarks.AgentBenchmark} runs the packaged agent, and others beside it, as
 * processes of their own, from files to {@link io.sluice.benchmarks.DiscardingBulk}, and asks the
 * kernel what they took. What is measured is in {@code *Run}; what is written, in {@link
 * io.sluice.benchmarks.LogFiles}; who is measured, in {@link io.sluice.benchmarks.Shipper}; how it
 * is told, in {@link io.sluice.benchmarks.Report}. {@link io.sluice.benchmarks.HotPath} runs the
 * steps of the hot path by JMH; they stand in the packages of the rooms they measure. How to run
 * and read them: benchmarks/README.md.
 */
package io.sluice.benchmarks;
