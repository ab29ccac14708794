/**
 * What the rooms count, as metrics for Prometheus. The only package with a metrics library.
 *
 * <p>No thread of its own: values are read when somebody asks for {@code /metrics}, so nothing here
 * is on the way of a line. Door: {@link io.sluice.app.metrics.AgentMetrics}.
 */
package io.sluice.app.metrics;
