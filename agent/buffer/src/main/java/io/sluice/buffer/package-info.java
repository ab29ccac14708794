/**
 * Batches that survive a crash: the only room with Chronicle Queue.
 *
 * <p>Threads: {@code encode-1..N} append (one lock per batch), {@code deliver} reads and
 * acknowledges. Doors: {@link Buffer}, {@link Outbox} for the one who delivers, {@link DeadLetters}
 * in {@link DeadLetterFiles}. Leave alone: the order append, apply positions, roll, snapshot,
 * delete; it is what a crash may interrupt anywhere.
 */
package io.sluice.buffer;
