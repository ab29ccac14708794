package io.sluice.tail;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keeps what the tail hands over, and takes a bounded number of chunks if asked to. */
final class CollectingSink implements ChunkSink {
    /** What came of one chunk. */
    record Taken(
            String source,
            Generation generation,
            long offset,
            String text,
            Chunk.End end,
            List<Loss> losses) {}

    private final Chunk chunk;
    private final List<Taken> taken = new ArrayList<>();
    private final Map<String, ByteArrayOutputStream> texts = new LinkedHashMap<>();
    private final Map<String, LogSource> sources = new HashMap<>();
    private final Map<String, StreamPosition> positions = new HashMap<>();
    private int room = Integer.MAX_VALUE;
    private boolean holding;
    private final List<LogSource> held = new ArrayList<>();

    CollectingSink(int chunkBytes) {
        chunk = new Chunk(chunkBytes);
    }

    @Override
    public synchronized boolean offer(ChunkFiller filler) {
        if (room == 0) {
            return false;
        }
        room--;
        filler.fill(chunk);
        String text = new String(chunk.bytes, 0, chunk.length, StandardCharsets.ISO_8859_1);
        String key = chunk.source.key();
        List<Loss> losses = List.copyOf(chunk.losses);
        taken.add(new Taken(key, chunk.generation, chunk.offset, text, chunk.end, losses));
        sources.put(key, chunk.source);
        texts.computeIfAbsent(key, _ -> new ByteArrayOutputStream())
                .write(chunk.bytes, 0, chunk.length);
        if (chunk.end == Chunk.End.SOURCE) {
            positions.remove(key);
        } else {
            positions.put(
                    key,
                    new StreamPosition(
                            chunk.generation.fingerprint(),
                            chunk.generation.restart(),
                            chunk.offset + chunk.length,
                            chunk.generation.before()));
        }
        if (holding) {
            held.add(chunk.source);
        } else {
            // The tail counts the chunk after this returns.
            chunk.source.chunkConsumed();
        }
        return true;
    }

    /** From now on at most so many more chunks are taken. */
    synchronized void room(int chunks) {
        room = chunks;
    }

    /** Chunks stay in the ring from now on. */
    synchronized void hold() {
        holding = true;
    }

    synchronized void release() {
        holding = false;
        held.forEach(LogSource::chunkConsumed);
        held.clear();
    }

    synchronized List<Taken> taken() {
        return List.copyOf(taken);
    }

    synchronized List<Taken> taken(String source) {
        return taken.stream().filter(chunk -> chunk.source().equals(source)).toList();
    }

    synchronized String text(String source) {
        ByteArrayOutputStream bytes = texts.get(source);
        return bytes == null ? "" : bytes.toString(StandardCharsets.ISO_8859_1);
    }

    synchronized List<Chunk.End> ends(String source) {
        return taken(source).stream().map(Taken::end).filter(end -> end != Chunk.End.OPEN).toList();
    }

    /** All losses of a source, by cause. */
    synchronized Map<Loss.Cause, Loss> losses(String source) {
        Map<Loss.Cause, Loss> sums = new EnumMap<>(Loss.Cause.class);
        for (Taken chunk : taken(source)) {
            for (Loss loss : chunk.losses()) {
                sums.merge(
                        loss.cause(),
                        loss,
                        (a, b) ->
                                new Loss(
                                        a.cause(),
                                        a.bytes() + b.bytes(),
                                        a.atLeast() || b.atLeast()));
            }
        }
        return sums;
    }

    /** What the tail has seen of a source and not handed over; a chunk of it must have come. */
    synchronized long unread(String source) {
        return sources.containsKey(source) ? sources.get(source).unreadBytes() : -1;
    }

    synchronized LogSource source(String source) {
        return sources.get(source);
    }

    /** What a buffer would have, if every chunk had become durable at once. */
    synchronized Map<String, SourcePosition> positions() {
        Map<String, SourcePosition> sources = new HashMap<>();
        positions.forEach((key, at) -> sources.put(key, new SourcePosition(at, at)));
        return sources;
    }
}
