/**
 * The ledger as people and Prometheus see it: the buffer's books with what the tail says of each
 * source, so that both equations of the first promise are there.
 *
 * <p>No thread of its own; whoever asks pays. Doors: {@link io.sluice.app.ledger.Books}, {@link
 * io.sluice.app.ledger.LedgerPages}.
 */
package io.sluice.app.ledger;
