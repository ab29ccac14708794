/**
 * Delivery: excerpts of the buffer become bulk requests, each item of each answer becomes an
 * outcome. The only room with the Elasticsearch client.
 *
 * <p>Thread: {@code deliver}; the client's own threads only wake it. Doors: {@link BulkSender}.
 */
package io.sluice.elasticsearch;
