/**
 * What kubelet, Prometheus and people with a browser ask the agent: small pages by HTTP, on the
 * JDK's own server.
 *
 * <p>Threads: two named after their server ({@code http-health}), and the JDK's dispatcher. Doors:
 * {@link io.sluice.app.health.HealthServer} for the port that kubelet reaches, {@link
 * io.sluice.app.health.PageServer} for any other table of pages. Leave alone: the bounds of {@code
 * PageServer}; everybody on the node's network can connect.
 */
package io.sluice.app.health;
