package io.sluice.buffer;

/**
 * One document of a buffer.
 *
 * @param target data stream or index it is for
 * @param source {@link io.sluice.tail.LogSource#key} of where its record came from; empty if that
 *     is not known
 * @param action the bulk action line, without newline
 * @param document the document, without newline
 */
@SuppressWarnings("ArrayRecordComponent") // bytes on their way, never compared
public record SavedDocument(String target, String source, byte[] action, byte[] document) {}
