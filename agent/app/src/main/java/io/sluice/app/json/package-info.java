/**
 * The little JSON that the agent writes about itself: its log lines, the answers of its health and
 * admin ports. Documents are not made here but in the pipeline's room.
 *
 * <p>Any thread. Door: {@link io.sluice.app.json.JsonObject}.
 */
package io.sluice.app.json;
