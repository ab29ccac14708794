/**
 * Batches that survive a crash: the only room with Chronicle Queue.
 *
 * <p>Threads: {@code encode-1..N} append (one lock per batch), {@code deliver} reads and
 * acknowledges, any thread looks at the ledger. Doors: {@link Buffer}, {@link Outbox} for the one
 * who delivers (with {@link Excerpt}, {@link ExcerptOutcome}), {@link DeadLetters} in {@link
 * DeadLetterFiles}, {@link Ledger} for what became of every record. Leave alone: the order append,
 * apply positions and ledger, roll, snapshot, delete; it is what a crash may interrupt anywhere.
 */
package io.sluice.buffer;
