package io.sluice.buffer;

import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Something in a buffer's directory that is not as it was written.
 *
 * @param file where
 * @param what what is wrong, for a person
 * @param excerpts how many excerpts are gone that some output has not had; empty where that cannot
 *     be told
 * @param cost whose records are gone with it that some output has not had, where that can be told
 */
public record BufferDamage(
        Path file, String what, OptionalLong excerpts, Map<String, Amount> cost) {}
