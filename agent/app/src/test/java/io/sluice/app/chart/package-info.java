/**
 * The Helm chart, rendered by Helm itself: what it lets the agent do, what it refuses, and that the
 * agent takes the configuration it is given. No cluster.
 *
 * <p>{@code Chart} renders with values, {@code Manifests} is what comes out.
 */
package io.sluice.app.chart;
