/** Measurements: JMH by room, and runs of the whole agent as its own process. */
package io.sluice.benchmarks;
