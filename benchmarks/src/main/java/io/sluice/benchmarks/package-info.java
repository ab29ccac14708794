/**
 * Measurements, no part of what is shipped.
 *
 * <p>{@link io.sluice.benchmarks.AgentBenchmark} runs the packaged agent as a process of its own,
 * from files to {@link io.sluice.benchmarks.DiscardingBulk}, and reads from {@code /proc} what it
 * took. {@code *Benchmark} with JMH's annotations are one room each. How to run and read them:
 * benchmarks/README.md.
 */
package io.sluice.benchmarks;
